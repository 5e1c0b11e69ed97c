/** The grid the demo runs: a feeder of 33 buses with PMUs at five sites of one area, a PDC at each, and one over them. */
import { feeder33 } from '../../network/index.ts'
import type { SimulationInput } from '../../simulator/index.ts'

export const area = 'south-italy-113'

export interface DemoSite {
  /** `location-type/location-id` */
  readonly location: string
  readonly name: string
  readonly pmus: readonly { readonly idcode: number; readonly bus: number; readonly station: string }[]
}

export const sites: readonly DemoSite[] = [
  {
    location: 'primary-station/1100',
    name: 'primary substation',
    pmus: [
      { idcode: 765, bus: 1, station: 'Primary busbar' },
      { idcode: 766, bus: 2, station: 'Primary feeder' },
    ],
  },
  { location: 'secondary-station/1156', name: 'secondary', pmus: [{ idcode: 771, bus: 6, station: 'Mill Lane' }] },
  { location: 'secondary-station/1157', name: 'secondary', pmus: [{ idcode: 772, bus: 18, station: 'Harbour' }] },
  { location: 'secondary-station/1158', name: 'secondary', pmus: [{ idcode: 773, bus: 25, station: 'Old Quarry' }] },
  { location: 'secondary-station/1159', name: 'secondary', pmus: [{ idcode: 774, bus: 33, station: 'Saltworks' }] },
]

export const idcodes: readonly number[] = sites.flatMap(({ pmus }) => pmus.map(({ idcode }) => idcode))

/** The PMU behind the link that is cut. */
export const cutOff = { location: 'secondary-station/1157', idcode: 772, station: 'Harbour' } as const

/** PMUs of several FORMATs, as a grid that grew over years has. */
const formats = [
  {},
  { polar: true },
  { polar: true, phasors: 'int16', analogs: 'int16', freq: 'int16' },
  { phasors: 'int16', analogs: 'int16', freq: 'int16' },
] as const

/** Something happens every half minute, and all of it again every two minutes. */
const everyTwoMinutes = [
  { says: 'load step of 400 kW at bus 18', at: 10, kind: 'load-step', bus: 18, kw: 400, kvar: 150, durationS: 15 },
  { says: 'oscillation of 0.7 Hz', at: 40, kind: 'oscillation', hz: 0.7, durationS: 15 },
  { says: 'voltage sag at bus 25', at: 70, kind: 'voltage-sag', bus: 25, depth: 0.4, durationS: 0.5 },
  { says: 'frequency dips by 150 mHz', at: 100, kind: 'frequency-excursion', hz: -0.15, rampS: 2, durationS: 12 },
] as const

export const roundS = 120
/** Then the link of one site is cut, for so long. */
export const cutAfterS = 22
export const cutForS = 6
/** What is told of an event stays so long, at least. */
const toldForS = 5

/** What happens in the grid so many seconds after its start. */
export function eventAt(elapsedS: number): string | undefined {
  const atS = elapsedS % roundS
  return everyTwoMinutes.find(({ at, durationS }) => atS >= at && atS < at + Math.max(durationS, toldForS))?.says
}

const rounds = 30

export function demoSimulation(seed: number): SimulationInput {
  return {
    seed,
    pmus: sites
      .flatMap(({ pmus }) => pmus)
      .map((pmu, i) => ({ ...pmu, rate: 50, format: formats[i % formats.length]! })),
    script: Array.from({ length: rounds }, (_, round) =>
      everyTwoMinutes.map(({ says: _, ...event }) => ({ ...event, at: event.at + round * roundS })),
    ).flat(),
  }
}

/** IDCODE of the area's stream. */
export const areaIdcode = 1000

export interface DemoPorts {
  /** That the system chose for the PMUs. */
  readonly portOf: (idcode: number) => number
  readonly broker: number
  /** The link of the site that is cut off now and then. */
  readonly link: number
  /** Of the dashboard; undefined: there is no historian. */
  readonly http: number | undefined
}

/** What grid.yaml says of it. */
export function demoGridFile({ portOf, broker, link, http }: DemoPorts): string {
  return JSON.stringify({
    area,
    broker: { embedded: { listen: [{ transport: 'tcp', port: broker }] } },
    network: {
      nominalKv: feeder33.baseKv,
      branches: feeder33.branches.filter(({ closed }) => closed).map(({ from, to }) => [from, to]),
    },
    sites: [
      ...sites.map(({ location, pmus }, i) => ({
        location,
        ...(location === cutOff.location && {
          broker: { url: `mqtt://127.0.0.1:${link}`, retry: { firstDelayMs: 100, maxDelayMs: 500 } },
        }),
        pmus: pmus.map(({ idcode, bus }) => ({
          id: `${idcode}`,
          idcode,
          bus,
          source: `tcp://127.0.0.1:${portOf(idcode)}`,
        })),
        pdcs: [{ outputs: [{ id: 'site', idcode: areaIdcode + 1 + i, dataRate: 50, wait: 100, settleMs: 250 }] }],
      })),
      {
        location: 'control-center/1',
        pdcs: [
          {
            id: 'area',
            inputs: `${area}/+/+/PDC/site`,
            outputs: [
              { id: 'area', idcode: areaIdcode, dataRate: 50, wait: 300, settleMs: 500, listen: 'tcp://127.0.0.1:0' },
            ],
          },
        ],
        pdcAdapters: [
          {
            id: 'control-center',
            listen: 'tcp://127.0.0.1:0',
            streams: [`${area}/+/+/PMU/#`],
            late: { policy: 'in-order', maxWaitMs: 30_000 },
          },
        ],
        ...(http !== undefined && { historians: [{ id: 'historian', api: { listen: `127.0.0.1:${http}` } }] }),
      },
    ],
  })
}
