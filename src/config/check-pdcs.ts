/** What a PDC of the grid takes and makes, as far as the files say it. */
import { devicesOf } from './check-inputs.ts'
import type { Pdc, PdcInput, PdcOutput, Pmu, Site } from './grid.ts'
import { formatPath, type Problem } from './problem.ts'
import type { PlacedSite } from './resolve-site.ts'
import { StreamIndex } from './stream-index.ts'

/** What is known of one PMU before it speaks: numbers of channels, and which values take four bytes. */
export interface KnownPmu {
  readonly phasors: number
  readonly analogs: number
  /** Words. */
  readonly digitals: number
  readonly isFloat: { readonly phasors: boolean; readonly analogs: boolean; readonly freq: boolean }
}

export type Device = Pick<Pmu, 'source' | 'session'>
/** The PMUs of a device, where a saved configuration or the simulator tells of them. */
export type KnownPmus = (device: Device) => Promise<readonly KnownPmu[] | undefined>

/** A frame: SYNC, FRAMESIZE, IDCODE, SOC, FRACSEC, CHK. FRAMESIZE has 16 bits; a datagram has less. */
const FRAME_BYTES = 16
const MAX_FRAME = 65_535
const MAX_DATAGRAM = 65_507

/** By their sources. */
type Known = Map<Device['source'], readonly KnownPmu[] | undefined>

interface Producer {
  readonly topic: string
  readonly device?: Device
  readonly pdc?: Pdc
}

type Finding = Pick<Problem, 'severity' | 'message' | 'fix'>

/** Data frames that would be too large, filters that wait for nothing, and PDCs that would feed themselves. */
export async function checkPdcs(
  placed: readonly PlacedSite[],
  knownPmus: KnownPmus = async () => undefined,
): Promise<Problem[]> {
  if (placed.every(({ site }) => site.pdcs.length === 0)) return []
  const producers = new Producers(placed.flatMap(({ site }) => producersOf(site)))
  const known: Known = new Map()
  for (const { site } of placed) {
    for (const { source, session } of devicesOf(site)) known.set(source, await knownPmus({ source, session }))
  }
  return placed.flatMap(({ site, document, path }) =>
    site.pdcs.flatMap((pdc, i) => {
      const at = (inner: readonly PropertyKey[], finding: Finding): Problem => {
        const whole = [...path, 'pdcs', i, ...inner]
        return { ...document.at(whole), path: formatPath(whole), ...finding }
      }
      return [
        ...loopOf(pdc, producers).map((finding) => at(['inputs'], finding)),
        ...pdc.inputs.flatMap((input, j) => unheard(input, producers).map((finding) => at(['inputs', j], finding))),
        ...pdc.outputs.flatMap((output, j) => [
          ...tooLarge(pdc, output, producers, known).map((finding) => at(['outputs', j], finding)),
          ...tooShort(output).map((finding) => at(['outputs', j], finding)),
        ]),
      ]
    }),
  )
}

function producersOf({ pmus, pdcs }: Site): Producer[] {
  const outputs = pdcs.flatMap((pdc) =>
    pdc.outputs.flatMap(({ topic }) => (topic === undefined ? [] : [{ topic, pdc }])),
  )
  return [...pmus.map(({ topic, source, session }) => ({ topic, device: { source, session } })), ...outputs]
}

/** All streams of the grid, and which of them a PDC takes. */
class Producers extends StreamIndex<Producer> {
  readonly #taken = new Map<Pdc, readonly Producer[]>()

  /** Its own outputs are no inputs of a PDC, whatever its filters say. */
  takenBy(pdc: Pdc): readonly Producer[] {
    let taken = this.#taken.get(pdc)
    if (!taken) {
      const own = new Set(pdc.outputs.map(({ topic }) => topic))
      const all = pdc.inputs.flatMap((input) => ('streams' in input ? this.matching(input.streams) : []))
      taken = [...new Set(all)].filter(({ topic }) => !own.has(topic))
      this.#taken.set(pdc, taken)
    }
    return taken
  }
}

function unheard(input: PdcInput, producers: Producers): Finding[] {
  if (!('streams' in input) || producers.matching(input.streams).length > 0) return []
  const message = `\`${input.streams}\` takes no stream of this grid`
  return [{ severity: 'warning', message, fix: 'fine if its producer is described elsewhere' }]
}

/** The way on which what a PDC says comes back to it. */
function loopOf(pdc: Pdc, producers: Producers): Finding[] {
  const seen = new Set<Pdc>()
  const wayBack = (from: Pdc): readonly string[] | undefined => {
    for (const { topic, pdc: next } of producers.takenBy(from)) {
      if (!next) continue
      if (next === pdc) return [topic]
      if (seen.has(next)) continue
      seen.add(next)
      const way = wayBack(next)
      if (way) return [...way, topic]
    }
    return undefined
  }
  const way = wayBack(pdc)
  if (!way) return []
  const message = `it would hear itself, by way of ${way.join(', ')}`
  return [{ severity: 'error', message, fix: 'name the streams that it is to take, in place of a filter over all' }]
}

function tooLarge(pdc: Pdc, output: PdcOutput, producers: Producers, known: Known): Finding[] {
  const streams = producers.takenBy(pdc)
  const devices = pdc.inputs.flatMap((input) => ('source' in input ? [input] : []))
  const unknown = pdc.inputs.some(({ rules }) => rules.only || rules.drop)
  const blocks = [...streams.map(({ device }) => device), ...devices].map((device) => {
    const pmus = device && known.get(device.source)
    if (!pmus || unknown || output.channels) return leastBlock(output)
    return pmus.reduce((sum, pmu) => sum + blockBytes(pmu, output), 0)
  })
  const bytes = FRAME_BYTES + blocks.reduce((sum, size) => sum + size, 0)
  const overUdp = output.server?.listen.some(({ kind }) => kind !== 'tcp') ?? false
  const limit = overUdp ? MAX_DATAGRAM : MAX_FRAME
  if (bytes <= limit) return []
  return [
    {
      severity: 'error',
      message: `a data frame of ${blocks.length} inputs would take ${bytes} bytes or more, ${overUdp ? 'a datagram' : 'a frame'} has ${limit} at most`,
      fix: 'give the PDC several outputs, each with a part of the PMUs or channels',
    },
  ]
}

/** STAT, FREQ and DFREQ are in every block. */
const leastBlock = ({ numbers }: PdcOutput): number => 2 + (numbers === 'float32' ? 8 : 4)

function blockBytes({ phasors, analogs, digitals, isFloat }: KnownPmu, { numbers }: PdcOutput): number {
  const size = (float: boolean): number => ((numbers === undefined ? float : numbers === 'float32') ? 4 : 2)
  return (
    2 + 2 * phasors * size(isFloat.phasors) + 2 * size(isFloat.freq) + analogs * size(isFloat.analogs) + 2 * digitals
  )
}

/** Half of the length of the filter before a lower rate (src/pdc/low-pass.ts), and a sample, in periods of that rate. */
const FILTER_PERIODS = 7.4

function tooShort({ down, dataRate, wait }: PdcOutput): Finding[] {
  if (down !== 'filter' || wait.policy !== 'absolute') return []
  const periodMs = dataRate > 0 ? 1000 / dataRate : -1000 * dataRate
  const neededMs = Math.ceil(FILTER_PERIODS * periodMs)
  if (wait.ms > neededMs) return []
  const message = `the filter knows an instant ${neededMs} ms after it, the output waits for ${wait.ms} ms`
  return [{ severity: 'error', message, fix: `wait for ${neededMs} ms and what the inputs take` }]
}
