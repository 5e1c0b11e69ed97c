/**
 * The codec on one core: frames per second decoded (CHK checked, every field,
 * raw and physical), encoded, and cut out of a stream; and the ratio to pypmu on
 * the same 54-byte frames in the same run, the two taking turns. Both decode
 * until every value is there in physical units; `ratio_to_pypmu_parse` leaves
 * that last step out for pypmu alone.
 *
 * Seconds are of processor time (all threads of a process), so that what else
 * the machine does is not counted.
 */
import { compileDecoder, compileEncoder, encodeConfiguration, FrameSplitter } from '../src/c37118/index.ts'
import { largeWorkload, smallWorkload, type Workload } from './codec/frames.ts'
import { startPypmu } from './codec/pypmu.ts'
import type { BenchOptions, Figures } from './figures.ts'
import { median, spread } from './support/quantiles.ts'

/** Goes over all frames of a workload once. */
type Pass = () => void

export async function codec({ quick, note }: BenchOptions): Promise<Figures> {
  const [rounds, seconds] = quick ? [7, 0.3] : [15, 1]
  const small = smallWorkload()
  const large = largeWorkload()
  const passes: Readonly<Record<string, { pass: Pass; count: number }>> = {
    decode_54b: { pass: decodePass(small), count: small.frames.length },
    decode_456b: { pass: decodePass(large), count: large.frames.length },
    encode_54b: { pass: encodePass(small), count: small.frames.length },
    encode_456b: { pass: encodePass(large), count: large.frames.length },
    split_and_decode_54b: { pass: streamPass(small), count: small.frames.length },
  }
  for (const { pass, count } of Object.values(passes)) framesPerSecond(pass, count, 0.3)

  const [configuration] = encodeConfiguration(small.configuration)
  const pypmu = await startPypmu(configuration!, small.frames.slice(0, 100), note)
  const measured = new Map<string, number[]>(Object.keys(passes).map((name) => [name, []]))
  const theirs = { decoded: [] as number[], parsed: [] as number[] }
  const ratios = { decoded: [] as number[], parsed: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    for (const [name, { pass, count }] of Object.entries(passes)) {
      measured.get(name)!.push(framesPerSecond(pass, count, seconds))
    }
    if (!pypmu) continue
    const rates = await pypmu.framesPerSecond(seconds)
    const ours = measured.get('decode_54b')!.at(-1)!
    for (const what of ['decoded', 'parsed'] as const) {
      theirs[what].push(rates[what])
      ratios[what].push(ours / rates[what])
    }
  }
  pypmu?.end()

  const figures: Record<string, number> = {}
  const add = (name: string, values: readonly number[], digits: number): void => {
    if (values.length === 0) return
    note(`${name}: ${spread(values, digits)}`)
    figures[name] = median(values)
    figures[`${name}_min`] = Math.min(...values)
    figures[`${name}_max`] = Math.max(...values)
  }
  for (const [name, values] of measured) add(`${name}_frames_per_s`, values, 0)
  add('pypmu_decode_54b_frames_per_s', theirs.decoded, 0)
  add('pypmu_parse_54b_frames_per_s', theirs.parsed, 0)
  add('ratio_to_pypmu', ratios.decoded, 1)
  add('ratio_to_pypmu_parse', ratios.parsed, 1)
  return figures
}

function framesPerSecond(pass: Pass, count: number, seconds: number): number {
  const begin = processorSeconds()
  let frames = 0
  let passed = 0
  while (passed < seconds) {
    pass()
    frames += count
    passed = processorSeconds() - begin
  }
  return frames / passed
}

function processorSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Every column is used, so that nothing of the work can be left out. */
function decodePass({ configuration, frames }: Workload): Pass {
  const decoder = compileDecoder(configuration)
  const columns = decoder.createColumns()
  const last = { raw: columns.raw.length - 1, phasor: columns.phasors.length - 1, pmu: columns.freq.length - 1 }
  let sum = 0
  return () => {
    for (const frame of frames) {
      decoder.decodeInto(frame, columns)
      sum += columns.raw[last.raw]! + columns.phasors[last.phasor]! + columns.freq[last.pmu]! + columns.soc
    }
    if (Number.isNaN(sum)) throw new Error('the frames decode to nothing')
  }
}

function encodePass({ configuration, frames }: Workload): Pass {
  const decoder = compileDecoder(configuration)
  const encoder = compileEncoder(configuration)
  const decoded = frames.map((frame) => {
    const columns = decoder.createColumns()
    decoder.decodeInto(frame, columns)
    return columns
  })
  const target = new Uint8Array(encoder.frameSize)
  return () => {
    for (const columns of decoded) encoder.encodeInto(columns, target)
    if (Buffer.compare(target, frames.at(-1)!) !== 0) throw new Error('a frame was not written as it was read')
  }
}

/** As from a socket: chunks of 64 KiB that end anywhere, CHK checked by the splitter and again by the decoder. */
function streamPass({ configuration, frames }: Workload): Pass {
  const stream = Buffer.concat(frames)
  const chunks = Array.from({ length: Math.ceil(stream.length / 65_536) }, (_, at) =>
    stream.subarray(65_536 * at, 65_536 * (at + 1)),
  )
  const decoder = compileDecoder(configuration)
  const columns = decoder.createColumns()
  const splitter = new FrameSplitter()
  const decode = (frame: Uint8Array): void => decoder.decodeInto(frame, columns)
  return () => {
    for (const chunk of chunks) splitter.push(chunk, decode)
    if (splitter.discarded > 0 || splitter.pending > 0) throw new Error('the splitter lost its place')
  }
}
