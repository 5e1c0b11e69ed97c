import type { DiscardReason } from '../c37118/index.ts'
import { CaptureReader, type ReaderReport } from './capture-reader.ts'
import { DirectionFrames, type DirectionStats } from './direction-frames.ts'
import { createFlow, type Direction, type Flow, type FlowSink } from './flow.ts'
import { FlowAssembler, type FlowAssemblerOptions, type FlowCounts } from './flow-assembler.ts'

/** Where a {@link FrameExtractor} puts what it finds. All calls synchronous. */
export interface FrameSink {
  /** A frame with a right CHK: a view, may be kept. `timeUs` is its capture time (of its last byte); a raw stream has none. */
  frame(frame: Uint8Array, direction: Direction, timeUs: number | undefined): void
  /** TCP bytes that the capture does not have; undefined when nobody can say how many. */
  gap?(direction: Direction, missingBytes: number | undefined, timeUs: number | undefined): void
  /** Bytes of a C37.118 flow that belong to no good frame. */
  discard?(direction: Direction, count: number, reason: DiscardReason): void
  closed?(direction: Direction, timeUs: number | undefined): void
  /** Nothing more comes of this flow, and the extractor keeps nothing about it. */
  forgotten?(flow: Flow, stats: FlowStats): void
}

export interface FlowStats {
  readonly forward: DirectionStats
  readonly backward: DirectionStats
}

export interface FrameExtractorOptions extends FlowAssemblerOptions {
  /** A flow that showed no frame in so many bytes of one direction is no C37.118, and is ignored from then on. */
  readonly foreignAfterBytes?: number
  /** Bytes that wait for the rest of a frame in flows that have not shown any yet, over all of them. */
  readonly maxUnprovenBytes?: number
}

export interface CaptureReport extends Omit<FlowCounts, 'packets'>, ReaderReport {
  readonly frames: number
  /** Flows that carried C37.118; all others were ignored. */
  readonly c37118Flows: number
  readonly foreignFlows: number
}

interface FlowFrames {
  readonly forward: DirectionFrames
  readonly backward: DirectionFrames
}

/**
 * From the bytes of a capture to C37.118 frames, on whatever ports: pcap,
 * pcapng or a raw stream; as a file or as it comes out of a pipe. Synchronous;
 * everything it holds is bounded (see the options and the bounds of the parts).
 */
export class FrameExtractor {
  readonly #sink: FrameSink
  readonly #reader: CaptureReader
  readonly #assembler: FlowAssembler
  readonly #foreignAfterBytes: number
  readonly #maxUnprovenBytes: number
  readonly #flows = new WeakMap<Flow, FlowFrames>()
  #raw: Flow | undefined
  #unprovenBytes = 0
  readonly #counts = { frames: 0, c37118Flows: 0, foreignFlows: 0 }

  constructor(
    sink: FrameSink,
    { foreignAfterBytes = 262_144, maxUnprovenBytes = 33_554_432, ...options }: FrameExtractorOptions = {},
  ) {
    this.#sink = sink
    this.#foreignAfterBytes = foreignAfterBytes
    this.#maxUnprovenBytes = maxUnprovenBytes
    this.#assembler = new FlowAssembler(this.#flowSink(), options)
    this.#reader = new CaptureReader({
      packet: (packet) => this.#assembler.packet(packet),
      raw: (bytes) => this.#rawBytes(bytes),
    })
  }

  /** Takes the chunk over: it must not be written to again. A damaged file throws {@link CaptureError}; then call `end`. */
  push(chunk: Uint8Array): void {
    this.#reader.push(chunk)
  }

  /** The input is over: what waits is delivered. Never throws. */
  end(): CaptureReport {
    const read = this.#reader.end()
    this.#assembler.end()
    if (this.#raw) this.#forgotten(this.#raw)
    return { ...read, ...this.#assembler.counts, ...this.#counts }
  }

  #flowSink(): FlowSink {
    return {
      bytes: (direction, bytes, timeUs) => this.#bytes(direction, bytes, timeUs),
      datagram: (direction, bytes, timeUs) => this.#datagram(direction, bytes, timeUs),
      gap: (direction, missingBytes, timeUs) => {
        const frames = this.#framesOf(direction)
        this.#accounted(direction, frames, () => frames.gap(missingBytes, timeUs))
      },
      closed: (direction, timeUs) => {
        const frames = this.#framesOf(direction)
        this.#accounted(direction, frames, () => frames.cut(timeUs))
        if (this.#isProven(direction.flow)) this.#sink.closed?.(direction, timeUs)
      },
      forgotten: (flow) => this.#forgotten(flow),
    }
  }

  #rawBytes(bytes: Uint8Array): void {
    const nowhere = { address: '', port: 0 }
    if (!this.#raw) {
      this.#raw = createFlow(1, 'raw', nowhere, nowhere)
      this.#counts.c37118Flows++
    }
    this.#framesOf(this.#raw.forward).push(bytes, undefined)
  }

  #bytes(direction: Direction, bytes: Uint8Array, timeUs: number | undefined): void {
    const frames = this.#framesOf(direction)
    if (frames.proven) {
      frames.push(bytes, timeUs)
      return
    }
    this.#accounted(direction, frames, () => frames.push(bytes, timeUs))
    if (frames.proven) return
    const { stats } = frames
    if (stats.bytes >= this.#foreignAfterBytes || this.#unprovenBytes > this.#maxUnprovenBytes) {
      if (!this.#isProven(direction.flow)) this.#ignore(direction.flow)
    }
  }

  /** One frame to a datagram, says the standard; several whole ones are taken too. */
  #datagram(direction: Direction, bytes: Uint8Array, timeUs: number | undefined): void {
    const frames = this.#framesOf(direction)
    this.#accounted(direction, frames, () => {
      frames.push(bytes, timeUs)
      frames.cut(timeUs)
    })
    if (!frames.proven && frames.stats.bytes >= this.#foreignAfterBytes && !this.#isProven(direction.flow)) {
      this.#ignore(direction.flow)
    }
  }

  /** Keeps the sum of what unproven directions hold. */
  #accounted(direction: Direction, frames: DirectionFrames, work: () => void): void {
    if (frames.proven) {
      work()
      return
    }
    const before = frames.pending
    work()
    this.#unprovenBytes += (frames.proven ? 0 : frames.pending) - before
    if (frames.proven) this.#assembler.want(direction.flow)
  }

  #framesOf(direction: Direction): DirectionFrames {
    const { flow } = direction
    let found = this.#flows.get(flow)
    if (!found) {
      found = { forward: this.#open(flow.forward), backward: this.#open(flow.backward) }
      this.#flows.set(flow, found)
    }
    return direction === flow.forward ? found.forward : found.backward
  }

  #open(direction: Direction): DirectionFrames {
    return new DirectionFrames(
      {
        frame: (frame, timeUs) => {
          this.#counts.frames++
          this.#sink.frame(frame, direction, timeUs)
        },
        discard: (count, reason) => this.#sink.discard?.(direction, count, reason),
        gap: (missingBytes, timeUs) => this.#sink.gap?.(direction, missingBytes, timeUs),
      },
      direction.flow.transport === 'raw',
    )
  }

  #isProven(flow: Flow): boolean {
    const found = this.#flows.get(flow)
    return found !== undefined && (found.forward.proven || found.backward.proven)
  }

  #ignore(flow: Flow): void {
    const found = this.#flows.get(flow)!
    this.#unprovenBytes -= found.forward.pending + found.backward.pending
    this.#flows.delete(flow)
    this.#counts.foreignFlows++
    this.#assembler.ignore(flow)
  }

  #forgotten(flow: Flow): void {
    const found = this.#flows.get(flow)
    if (!found) return
    for (const frames of [found.forward, found.backward]) {
      if (!frames.proven) this.#unprovenBytes -= frames.pending
      frames.end()
    }
    this.#flows.delete(flow)
    if (!found.forward.proven && !found.backward.proven) {
      this.#counts.foreignFlows++
      return
    }
    if (flow.transport !== 'raw') this.#counts.c37118Flows++
    this.#sink.forgotten?.(flow, { forward: found.forward.stats, backward: found.backward.stats })
  }
}
