/**
 * Mutated real frames through everything that reads bytes: nothing but
 * FrameError is thrown, what is read is written again byte for byte, nothing
 * hangs and nothing grows.
 *
 * FUZZ_FRAMES says how many (a million in CI), FUZZ_SEED repeats a run.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  ConfigurationAssembler,
  checkFrame,
  compileDecoder,
  compileEncoder,
  decodeCommand,
  decodeConfiguration,
  decodeHeader,
  encodeCommand,
  encodeConfiguration,
  encodeHeader,
  FrameError,
  FrameSplitter,
  FrameType,
  frameTypeOf,
  readFrameHeader,
} from '../../src/c37118/index.ts'
import { golden, hex } from '../fixtures/golden.ts'
import { stationA } from '../fixtures/station-a.ts'
import { needsCaptures } from '../support/captures.ts'
import { config3 } from './support/config3.ts'
import { framesIn } from './support/frames.ts'
import { mutate, type Random, seededRandom } from './support/mutations.ts'

const count = Number(process.env.FUZZ_FRAMES ?? (process.env.CI ? 1_000_000 : 50_000))
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 0x1_0000_0000)

const captures = [
  'C37.118_1PMU_TCP.pcap',
  'C37.118_1PMU_UDP.pcap',
  'C37.118_2PMUsInSync_TCP.pcap',
  'c37_1100_clean_tcp.pcap',
  'gsf_framecapture.PmuCapture',
]

/** Real frames, and some of the kinds that no capture has. */
function corpus(): { frames: readonly Uint8Array[]; rare: readonly Uint8Array[] } {
  const frames = captures.flatMap(framesIn)
  const rare = [
    ...frames.filter((frame) => frameTypeOf(frame) !== FrameType.data),
    ...Object.values(golden).map(hex),
    ...encodeConfiguration(stationA),
    ...encodeConfiguration(config3),
    encodeHeader({ idcode: 1, text: 'a relay in Zürich' }),
    encodeCommand({ idcode: 1, command: 8, extension: new Uint8Array(40) }),
  ]
  return { frames, rare }
}

/** Forces a full collection and says what is left. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

/** Reads frames, and data with the configurations it has read. */
class Reader {
  /** By size of the data frames they read. */
  readonly #codecs = new Map<number, (frame: Uint8Array) => Uint8Array>()

  constructor(configurations: readonly Uint8Array[]) {
    for (const frame of configurations) this.#learn(frame)
  }

  /** The frame as it is written after reading it. */
  rewrite(frame: Uint8Array): Uint8Array | undefined {
    switch (checkFrame(frame).type) {
      case FrameType.command:
        return encodeCommand(decodeCommand(frame))
      case FrameType.header:
        return encodeHeader(decodeHeader(frame))
      case FrameType.data:
        return (this.#codecs.get(frame.length) ?? this.#codecs.values().next().value)?.(frame)
      default:
        return this.#learn(frame)
    }
  }

  /** Reads a configuration, and from now on data of its size with it. */
  #learn(frame: Uint8Array): Uint8Array {
    const configuration = decodeConfiguration(frame)
    const again = encodeConfiguration(configuration)
    const decoder = compileDecoder(configuration)
    if (this.#codecs.size < 64 && decoder.frameSize < 2000) {
      const encoder = compileEncoder(configuration)
      this.#codecs.set(decoder.frameSize, (data) => encoder.encode(decoder.decode(data)))
    }
    expect(again).toHaveLength(1)
    return again[0]!
  }
}

function feed(splitter: FrameSplitter, bytes: Uint8Array, random: Random, onFrame: (frame: Uint8Array) => void): void {
  const cut = random(bytes.length + 1)
  splitter.push(bytes.slice(0, cut), onFrame)
  splitter.push(bytes.slice(cut), onFrame)
}

describe.skipIf(needsCaptures.skip)(needsCaptures.title(`${count} mutated frames, seed ${seed}`), () => {
  it('are refused with facts or written again, without crash, hang or growth', { timeout: 600_000 }, () => {
    const { frames, rare } = corpus()
    const random = seededRandom(seed)
    const reader = new Reader(rare.filter((frame) => [2, 3, 5].includes(frameTypeOf(frame))))
    const splitter = new FrameSplitter()
    const assembler = new ConfigurationAssembler({ maxSize: 100_000 })
    const codes = new Map<string, number>()
    let [rewritten, found, slowest, settled, fed] = [0, 0, 0, 0, 0]

    const onFrame = (frame: Uint8Array): void => {
      found++
      readFrameHeader(frame)
      if ([2, 3, 5].includes(frameTypeOf(frame))) assembler.push(frame)
    }

    for (let at = 0; at < count; at++) {
      const pool = random(12) === 0 ? rare : frames
      const frame = mutate(pool[random(pool.length)]!, random, frames)
      const begin = performance.now()
      try {
        const again = reader.rewrite(frame)
        if (again) {
          rewritten++
          if (Buffer.compare(again, frame) !== 0) {
            expect.fail(`frame ${at} of seed ${seed} was written as ${Buffer.from(again).toString('hex')}`)
          }
        }
      } catch (error) {
        if (!(error instanceof FrameError)) throw new Error(`frame ${at} of seed ${seed}`, { cause: error })
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
      }
      feed(splitter, frame, random, onFrame)
      fed += frame.length
      if (random(100) === 0) splitter.flush(onFrame)
      slowest = Math.max(slowest, performance.now() - begin)
      if (at === Math.floor(count / 4)) settled = heapInUse()
    }

    expect(rewritten).toBeGreaterThan(count / 10)
    expect(found).toBeGreaterThan(count / 10)
    expect(codes.size).toBeGreaterThan(6)
    expect(splitter.discarded).toBeLessThanOrEqual(fed)
    expect(slowest).toBeLessThan(5000)
    // Less than a byte per frame, and what the runner itself takes meanwhile.
    expect(heapInUse() - settled).toBeLessThan(2_000_000 + 0.5 * count)
  })
})
