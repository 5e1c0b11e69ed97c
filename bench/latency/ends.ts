/**
 * Both ends of a path under test, in one process, so that one clock times a
 * frame from its write to its read: a raw PMU that writes, raw PDCs that read.
 */
import { type RawPmu, startRawPdc, startRawPmu } from '../../judge/index.ts'
import { configurationFrame, dataFrame, idcodeIn, sequenceIn } from '../support/golden.ts'

/** Frames of one stream that may be under way and still be timed. */
const window = 4096

/** What is between the ends. */
export interface Path {
  readonly name: string
  /** Writes one frame of every stream, of this instant in ms since the UNIX epoch. */
  tick(instantMs: number): void
  /** Latencies in µs since the last call. */
  take(): number[]
  /** Frames written and read since the beginning. */
  readonly sent: number
  readonly arrived: number
  close(): Promise<void>
}

/** Times frames by their IDCODE and sequence. */
export class Stopwatch {
  readonly #sentAt: Float64Array
  #latencies: number[] = []
  sent = 0
  arrived = 0

  constructor(streams: number) {
    this.#sentAt = new Float64Array((streams + 1) * window)
  }

  leaves(idcode: number, sequence: number): void {
    this.sent++
    this.#sentAt[idcode * window + (sequence % window)] = performance.now()
  }

  arrives(frame: Uint8Array): void {
    this.arrived++
    this.#latencies.push(
      (performance.now() - this.#sentAt[idcodeIn(frame) * window + (sequenceIn(frame) % window)]!) * 1000,
    )
  }

  take(): number[] {
    const taken = this.#latencies
    this.#latencies = []
    return taken
  }
}

/**
 * Streams 1 to `streams`; `between` builds what lies between and gives the port
 * the PDCs connect to.
 */
export async function openPath(
  name: string,
  streams: number,
  between: (pmuPort: number) => Promise<{ readonly port: number; close(): Promise<void> }>,
): Promise<Path> {
  const stop = new AbortController()
  const watch = new Stopwatch(streams)
  const idcodes = Array.from({ length: streams }, (_, i) => i + 1)
  const pmu: RawPmu = await startRawPmu({ configuration: idcodes.map(configurationFrame) })
  const middle = await between(pmu.port)
  let configured = 0
  const allConfigured = new Promise<void>((resolve) => {
    for (const idcode of idcodes) {
      let asked = false
      startRawPdc({
        host: '127.0.0.1',
        port: middle.port,
        idcode,
        signal: stop.signal,
        onData: (frame) => watch.arrives(frame),
        onConfiguration() {
          if (!asked && ++configured === streams) resolve()
          asked = true
        },
      })
    }
  })
  await Promise.all([allConfigured, pmu.on])

  let sequence = 0
  return {
    name,
    tick(instantMs) {
      sequence++
      for (const idcode of idcodes) {
        const frame = dataFrame(idcode, sequence, instantMs)
        watch.leaves(idcode, sequence)
        pmu.send(frame)
      }
    },
    take: () => watch.take(),
    get sent() {
      return watch.sent
    },
    get arrived() {
      return watch.arrived
    },
    async close() {
      stop.abort()
      await pmu.close()
      await middle.close()
    },
  }
}
