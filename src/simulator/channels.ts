import type { AnalogChannel, DigitalWord, PhasorChannel, PhasorComponent } from '../c37118/index.ts'
import type { PmuSettings, phasorSymbols } from './config.ts'
import type { MeasuringPoint } from './measuring-point.ts'

/** What a phasor channel shows of its three phases. */
export const Component = { a: 0, b: 1, c: 2, zero: 3, positive: 4, negative: 5 } as const
export type Component = (typeof Component)[keyof typeof Component]

/** One phasor of a PMU. */
export interface PhasorPlan {
  readonly channel: PhasorChannel
  /** 0 for the voltage, then 1 for each measured branch. */
  readonly group: number
  readonly component: Component
}

/** int16 phasors reach twice nominal voltage and ten times rated current; a transformer saturates there too. */
const VOLTAGE_RANGE = 2
const CURRENT_RANGE = 10

const components: Readonly<Record<string, readonly [Component, PhasorComponent]>> = {
  A: [Component.a, 'phase A'],
  B: [Component.b, 'phase B'],
  C: [Component.c, 'phase C'],
  '0': [Component.zero, 'zero sequence'],
  '1': [Component.positive, 'positive sequence'],
  '2': [Component.negative, 'negative sequence'],
}

/** The phasors that were asked for: of voltage as listed, of current for every branch. */
export function planPhasors(settings: PmuSettings, { nominalVolts, branches }: MeasuringPoint): PhasorPlan[] {
  const voltages = settings.phasors.filter((symbol) => symbol.startsWith('V'))
  const currents = settings.phasors.filter((symbol) => symbol.startsWith('I'))
  return [
    ...voltages.map((symbol) => plan(symbol, symbol, 0, nominalVolts * VOLTAGE_RANGE)),
    ...branches.flatMap(({ name, ratedAmps }, i) =>
      currents.map((symbol) => plan(symbol, `${symbol} ${name}`, i + 1, ratedAmps * CURRENT_RANGE)),
    ),
  ]
}

function plan(symbol: (typeof phasorSymbols)[number], name: string, group: number, fullScale: number): PhasorPlan {
  const [component, phscaleComponent] = components[symbol.charAt(1)]!
  const channel: PhasorChannel = {
    name: name.slice(0, 16),
    kind: group === 0 ? 'voltage' : 'current',
    phunit: Math.ceil((fullScale / 32_767) * 1e5),
    component: phscaleComponent,
  }
  return { channel, group, component }
}

/** User-defined types, as many devices have them; kW, kvar and per cent as they are. */
const USER_TYPE = 65

const analogNames = { P: 'P kW', Q: 'Q kvar', U: 'U %' } as const

export function analogChannels({ analogs }: PmuSettings): AnalogChannel[] {
  return analogs.map((symbol) => ({ name: analogNames[symbol], type: USER_TYPE, scale: 1 }))
}

/** Bits of the digital word. */
export const DigitalBit = { alive: 1, trigger: 2, locked: 4, closed: 8 } as const

export function digitalWords({ digitals }: PmuSettings): DigitalWord[] {
  const labels = ['BUS ALIVE', 'TRIGGER', 'CLOCK LOCKED', 'BREAKER CLOSED', ...new Array<string>(12).fill('')]
  const normal = DigitalBit.alive | DigitalBit.locked | DigitalBit.closed
  return Array.from({ length: digitals }, () => ({ labels, normal, valid: normal | DigitalBit.trigger }))
}
