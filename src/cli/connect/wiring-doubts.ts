import type { Phasor, PmuConfiguration } from '../../c37118/index.ts'
import { meanAngle, turn, unitRatio } from './complex.ts'
import type { Doubt } from './doubt.ts'
import { type PhaseSet, phaseSets } from './phase-sets.ts'
import { currentTolerance, judgeWiring, phases, type Rotation, voltageTolerance } from './rotation.ts'

/** Phasors of one PMU over some instants, by instant and channel. */
export type Instants = readonly (readonly Phasor[])[]

/** Voltages of one place that differ by more than this are no unbalance any more. */
const MAGNITUDE_SPREAD = 0.1
/** Below this share of its neighbours a channel counts as dead. */
const DEAD_SHARE = 0.01

/** Doubts about terminals, transformers and names, from what the phasors of one PMU show together. */
export function wiringDoubts(pmu: PmuConfiguration, instants: Instants): Doubt[] {
  if (instants.length === 0) return []
  const magnitudes = pmu.phasors.map((_, channel) => meanMagnitude(instants, channel))
  const sets = phaseSets(pmu.phasors)
  const live = sets.filter(({ channels }) => channels.every((channel) => (magnitudes[channel] ?? 0) > 0))
  return [
    ...nameDoubts(pmu),
    ...valueDoubts(pmu, instants, magnitudes),
    ...sets.flatMap((set) => magnitudeDoubts(pmu, set, magnitudes)),
    ...live.flatMap((set) => angleDoubts(pmu, set, instants)),
    ...currentDoubts(pmu, live, instants),
  ]
}

/** How the first set of voltages rotates; undefined where there is none, or its angles fit nothing. */
export function rotationOf(pmu: PmuConfiguration, instants: Instants): Rotation | undefined {
  const set = phaseSets(pmu.phasors).find(({ kind }) => kind === 'voltage')
  const wiring = set && judge(instants, set)
  return wiring?.verdict === 'fits' ? wiring.rotation : undefined
}

function nameDoubts({ stn, phasors, format }: PmuConfiguration): Doubt[] {
  return phasors.flatMap(({ name, kind, phunit, scale }): Doubt[] => {
    const sounds = /^[VU]([^A-Z]|[ABC]|$)/i.test(name) ? 'voltage' : /^I([^A-Z]|[ABC]|$)/i.test(name) ? 'current' : kind
    const doubts: Doubt[] = []
    if (sounds !== kind) {
      doubts.push({
        code: 'UNIT',
        pmu: stn,
        channels: [name],
        message: `${name} sounds like a ${sounds}, but the configuration says ${kind}`,
        hint: 'one of the two is wrong in the settings of the PMU',
      })
    }
    if (format.phasors === 'int16' && (phunit ?? scale ?? 1) === 0) {
      doubts.push({
        code: 'SCALE',
        pmu: stn,
        channels: [name],
        message: `the scale of ${name} is 0, so every value is 0`,
        hint: 'set PHUNIT in the PMU',
      })
    }
    return doubts
  })
}

function valueDoubts(
  { stn, phasors }: PmuConfiguration,
  instants: Instants,
  magnitudes: readonly (number | undefined)[],
): Doubt[] {
  return phasors.flatMap(({ name, kind }, channel): Doubt[] => {
    const absent = instants.filter((instant) => Number.isNaN(instant[channel]!.magnitude)).length
    if (absent > 0) {
      const share = absent === instants.length ? 'no frame has' : `${absent} of ${instants.length} frames lack`
      return [
        {
          code: 'NO_VALUE',
          pmu: stn,
          channels: [name],
          message: `${share} a value of ${name}`,
          hint: 'the PMU marks it as absent (NaN or 0x8000)',
        },
      ]
    }
    if (magnitudes[channel] !== 0) return []
    const hint =
      kind === 'voltage'
        ? 'no voltage, an open fuse, or a channel that is not wired'
        : 'no load, a shorted CT, or a channel that is not wired'
    return [{ code: 'ZERO', pmu: stn, channels: [name], message: `${name} is zero in every frame`, hint }]
  })
}

function magnitudeDoubts(
  { stn, phasors }: PmuConfiguration,
  { kind, channels }: PhaseSet,
  magnitudes: readonly (number | undefined)[],
): Doubt[] {
  const [a, b, c] = channels.map((channel) => magnitudes[channel]) as [
    number | undefined,
    number | undefined,
    number | undefined,
  ]
  if (!a && !b && !c) return []
  const largest = Math.max(a ?? 0, b ?? 0, c ?? 0)
  return channels.flatMap((channel): Doubt[] => {
    const magnitude = magnitudes[channel]
    if (!magnitude) return []
    const { name } = phasors[channel]!
    const share = magnitude / largest
    if (share < DEAD_SHARE) {
      const message = `${name} is next to nothing: ${percent(share)} of the largest phase`
      return [
        {
          code: 'MAGNITUDE',
          pmu: stn,
          channels: [name],
          message,
          hint: 'an open fuse, or a channel that is not wired',
        },
      ]
    }
    if (kind === 'current' || 1 - share < MAGNITUDE_SPREAD) return []
    const lineToLine = Math.abs(share - 1 / Math.sqrt(3)) < 0.03
    return [
      {
        code: 'MAGNITUDE',
        pmu: stn,
        channels: [name],
        message: `${name} is ${percent(share)} of the largest phase`,
        hint: lineToLine
          ? 'phase to ground beside phase to phase (1/√3)?'
          : 'a wrong transformer ratio, or a fault in the grid',
      },
    ]
  })
}

function angleDoubts({ stn, phasors }: PmuConfiguration, set: PhaseSet, instants: Instants): Doubt[] {
  const wiring = judge(instants, set)
  const names = set.channels.map((channel) => phasors[channel]!.name)
  const doubt = (code: Doubt['code'], channels: readonly string[], message: string, hint: string): Doubt[] => [
    {
      code,
      pmu: stn,
      channels,
      message,
      hint: set.assumed ? `${hint} (taking ${names.join(', ')} for A, B, C)` : hint,
    },
  ]
  switch (wiring?.verdict) {
    case 'fits': {
      const { rotation, reversed } = wiring
      if (reversed !== undefined) {
        const name = names[phases.indexOf(reversed)]!
        return doubt('REVERSED', [name], `${name} is turned by 180°`, 'its two terminals are swapped')
      }
      if (rotation === 'ABC' || set.kind === 'current') return []
      return doubt(
        'ROTATION',
        names,
        `${names.join(', ')} rotate as A, C, B`,
        'two phases are swapped, or this grid rotates so',
      )
    }
    case 'same angle': {
      const same = wiring.phases.map((phase) => names[phases.indexOf(phase)]!)
      return doubt('SAME_PHASE', same, `${same.join(' and ')} have the same angle`, 'one phase is wired to both')
    }
    case 'odd': {
      if (set.kind === 'current') return [] // loads on one phase
      const [b, c] = wiring.angles.map((angle) => `${Math.round(angle)}°`)
      return doubt(
        'ANGLES',
        names,
        `${names[1]} and ${names[2]} are ${b} and ${c} from ${names[0]}, not ±120°`,
        'check terminals and phase shifts',
      )
    }
    default:
      return []
  }
}

/** Currents against the voltages of the same PMU. */
function currentDoubts({ stn, phasors }: PmuConfiguration, sets: readonly PhaseSet[], instants: Instants): Doubt[] {
  const voltages = sets.find(({ kind }) => kind === 'voltage')
  const rotation = voltages && fittingRotation(instants, voltages)
  if (!voltages || !rotation) return []
  return sets.flatMap((set): Doubt[] => {
    if (set.kind !== 'current') return []
    const names = set.channels.map((channel) => phasors[channel]!.name)
    const own = fittingRotation(instants, set)
    const doubt = (message: string, hint: string): Doubt => ({
      code: 'CURRENT_PHASES',
      pmu: stn,
      channels: names,
      message,
      hint,
    })
    if (own !== undefined && own !== rotation) {
      return [
        doubt(
          `${names.join(', ')} rotate as ${own.split('').join(', ')}, the voltages as ${rotation.split('').join(', ')}`,
          'two current transformers are swapped',
        ),
      ]
    }
    const angles = set.channels.map((channel, phase) =>
      meanAngle(instants.map((instant) => unitRatio(instant[channel]!, instant[voltages.channels[phase]!]!))),
    )
    for (const off of [120, -120]) {
      if (own !== undefined && angles.every((angle) => angle !== undefined && turn(angle, off) < 20)) {
        return [
          doubt(
            `${names.join(', ')} are each about ${off}° from the voltage of their phase`,
            'the currents are on the next phase',
          ),
        ]
      }
    }
    return []
  })
}

function fittingRotation(instants: Instants, set: PhaseSet): Rotation | undefined {
  const wiring = judge(instants, set)
  return wiring?.verdict === 'fits' && wiring.reversed === undefined ? wiring.rotation : undefined
}

function judge(instants: Instants, set: PhaseSet): ReturnType<typeof judgeWiring> {
  const tolerance = set.kind === 'voltage' ? voltageTolerance : currentTolerance
  return judgeWiring(
    instants.map((instant) => pick(instant, set)),
    tolerance,
  )
}

function pick(instant: readonly Phasor[], { channels: [a, b, c] }: PhaseSet): [Phasor, Phasor, Phasor] {
  return [instant[a]!, instant[b]!, instant[c]!]
}

/** Over the instants that have one; undefined where none has. */
function meanMagnitude(instants: Instants, channel: number): number | undefined {
  const present = instants.map((instant) => instant[channel]!.magnitude).filter(Number.isFinite)
  return present.length === 0 ? undefined : present.reduce((sum, each) => sum + each, 0) / present.length
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
