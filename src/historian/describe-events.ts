/** Events in words. */
import { type Configuration, describeDataError, describeTrigger, framesPerSecond, Stat } from '../c37118/index.ts'
import { reasonWords } from '../streams/index.ts'
import type { ListedGap } from './completeness.ts'
import type { EventKind } from './event-kinds.ts'
import { ABSENT_MARK, TRIGGER_MARK, type Wanted } from './marks.ts'
import { Kind } from './schema.ts'

/** Bits of STAT, as runs have them, that are events of a kind. */
const bitsOf: Readonly<Partial<Record<EventKind, number>>> = {
  trigger: TRIGGER_MARK,
  'sync-lost': Stat.notSynchronised,
  'data-error': Stat.dataError,
  absent: ABSENT_MARK,
}
/** How frames came, that are events of a kind. */
const framesOf: Readonly<Partial<Record<EventKind, Kind>>> = {
  gap: Kind.late,
  conflict: Kind.conflict,
  revision: Kind.revision,
}

/** Which marks of frames are events of these kinds. */
export const marksWanted = (kinds: ReadonlySet<EventKind>): Wanted => ({
  bits: [...kinds].reduce((bits, kind) => bits | (bitsOf[kind] ?? 0), 0),
  kinds: [...kinds].flatMap((kind) => framesOf[kind] ?? []),
})

/** Each is an event of its own: what else a frame says begins and ends at other times. */
export const marksOf = (bits: number): readonly number[] =>
  Object.values(bitsOf)
    .map((of) => bits & of)
    .filter((mark) => mark !== 0)

export interface Said {
  readonly kind: EventKind
  /** What it is: a reason of a trigger, why there is a gap. */
  readonly what: string
  /** Of which PMU, how much; for people. */
  readonly detail: string
}

/** `pmu`: its place in the configuration; undefined: the mark is a {@link Kind}. */
export function describeMark(configuration: Configuration, pmu: number | undefined, mark: number): Said {
  if (pmu === undefined) {
    if (mark === Kind.late) return { kind: 'gap', what: 'healed', detail: 'came later, from a journal or a session' }
    if (mark === Kind.conflict)
      return { kind: 'conflict', what: 'other bytes', detail: 'another frame of a timestamp that is held' }
    return { kind: 'revision', what: 'completed', detail: 'its PDC has sent the frame with more of its PMUs' }
  }
  const { stn, idcode } = configuration.pmus[pmu]!
  const detail = `PMU ${pmu + 1}, ${stn.trim() || 'unnamed'} (IDCODE ${idcode})`
  if (mark === ABSENT_MARK) return { kind: 'absent', what: 'PMU absent from the frame', detail }
  if ((mark & Stat.dataError) !== 0) {
    return { kind: 'data-error', what: describeDataError(mark, configuration.version), detail }
  }
  if ((mark & Stat.notSynchronised) !== 0) return { kind: 'sync-lost', what: 'not synchronised', detail }
  return { kind: 'trigger', what: describeTrigger(mark), detail }
}

export function describeGap({ why, reason, frames }: ListedGap): Said {
  const count = `${frames} frame${frames === 1 ? '' : 's'}`
  return { kind: 'gap', what: why, detail: reason === '' ? count : `${count}: ${reasonWords(reason)}` }
}

export const describeConfiguration = (configuration: Configuration): Said => ({
  kind: 'appeared',
  what: 'first frame',
  detail: summary(configuration),
})

export function describeChange(before: Configuration, after: Configuration): Said {
  const [one, other] = [summary(before), summary(after)]
  return { kind: 'configuration', what: 'changed', detail: one === other ? other : `${other}; before: ${one}` }
}

function summary({ pmus, dataRate }: Configuration): string {
  const channels = pmus.reduce((sum, { phasors, analogs }) => sum + phasors.length + analogs.length, 0)
  return `${framesPerSecond(dataRate)} frames/s, ${pmus.length} PMU${pmus.length === 1 ? '' : 's'}, ${channels} phasors and analogs`
}
