/** The requests that come over one broker, and their answers, which go the same way. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Bus } from '../bus/index.ts'
import { monotonicMs } from '../runtime/clock.ts'
import { CodedError } from '../runtime/coded-error.ts'
import { deferred } from '../runtime/deferred.ts'
import type { Log, Running } from '../runtime/service.ts'
import {
  boundAbsent,
  cutParts,
  encodeReplayEnd,
  encodeReplayRefusal,
  MAX_ANSWER_BYTES,
  type NodeIdentity,
  nodeTopic,
  REPLY_PART_BYTES,
  type ReplayRefusal,
  type ReplayRequest,
  type ReplyAddress,
  type ReplyPart,
  replayFilter,
  replayTopic,
  replyTopic,
} from '../streams/index.ts'
import type { ReplayPage, ReplaySource } from './replay-server.ts'
import { ReplayAdmission } from './replay-server-admission.ts'
import type { ReplayCounters } from './replay-server-counters.ts'
import { Hearing } from './replay-server-hearing.ts'
import type { Pace } from './replay-server-pace.ts'
import { FairQueue } from './replay-server-queue.ts'
import { ReplySender } from './replay-server-sender.ts'
import type { OneAtATime } from './replay-server-turns.ts'

/** Requests that wait for their turn, of all and of one requester; those beyond are refused as busy. */
const MAX_WAITING = 256
const MAX_WAITING_EACH = 16
/** As few at least: no answer takes longer than its share of a second. */
const ANSWERS_PER_S = 4
/** By then the requester has given up. */
const MAX_WAIT_MS = 8000

/** What the lanes of a server share. */
export interface LaneDeps {
  readonly node: NodeIdentity
  readonly signal: AbortSignal
  readonly log: Log
  readonly counters: ReplayCounters
  readonly bytesPerS: number
  /** What an answer costs at the least, in bytes of the pace. */
  readonly minChargeBytes: number
  readonly pace: Pace
  readonly refusals: Pace
  readonly reading: OneAtATime
  readonly readerOf: ReplaySource['reader']
}

interface Asked {
  readonly stream: string
  readonly request: ReplayRequest
  readonly sinceMs: number
}

export class ReplayLane implements Running {
  readonly done: Promise<void>
  readonly #deps: LaneDeps
  readonly #sender: ReplySender
  readonly #waiting = new FairQueue<Asked>(MAX_WAITING, MAX_WAITING_EACH)
  #asked = deferred()

  constructor(bus: Bus, deps: LaneDeps) {
    this.#deps = deps
    this.#sender = new ReplySender(bus)
    const admission = new ReplayAdmission({
      counters: deps.counters,
      admit: (stream, request) => this.#admit(stream, request),
      refuse: (address, reason, problem) => this.#refuse(address, reason, problem),
    })
    const hearing = new Hearing(bus, replayTopic(nodeTopic(deps.node), deps.node.nodeId))
    const subscription = bus.subscribe(
      replayFilter(deps.node),
      (topic, payload, retained) => {
        if (!hearing.heard(topic)) admission.message(topic, payload, retained)
      },
      { onGranted: () => hearing.granted(), onLost: () => hearing.lost() },
    )
    deps.signal.addEventListener('abort', () => this.#asked.resolve(), { once: true })
    this.done = this.#work().finally(() => {
      subscription.close()
      hearing.close()
      admission.close()
      deps.counters.waits(-this.#waiting.size)
    })
  }

  #admit(stream: string, request: ReplayRequest): void {
    const { counters } = this.#deps
    const { id, sequence } = request
    if (!this.#deps.readerOf(stream)) {
      this.#refuse(request, 'unknown-stream', `this node has no journal of ${stream}`)
    } else if (this.#waiting.of(id).some((other) => other.request.sequence === sequence && other.stream === stream)) {
      // It will be answered once: QoS 1 may bring it twice.
      counters.unserved('repeated')
    } else {
      const before = this.#waiting.size
      const displaced = this.#waiting.offer(id, { stream, request, sinceMs: monotonicMs() })
      counters.waits(this.#waiting.size - before)
      if (displaced) this.#refuse(displaced.request, 'busy', 'too many requests wait')
      this.#asked.resolve()
    }
  }

  async #work(): Promise<void> {
    const { signal, counters } = this.#deps
    while (!signal.aborted) {
      const asked = this.#waiting.take()
      if (asked) {
        counters.waits(-1)
        if (monotonicMs() - asked.sinceMs <= MAX_WAIT_MS) await this.#serve(asked)
        else this.#refuse(asked.request, 'busy', `its turn did not come within ${MAX_WAIT_MS} ms`)
        await nextTurn()
      } else {
        this.#asked = deferred()
        await this.#asked.promise
      }
    }
  }

  async #serve(asked: Asked): Promise<void> {
    const page = await this.#read(asked)
    if (!page) return
    const { counters } = this.#deps
    if (await this.#answer(asked, page)) {
      counters.requests.add()
      counters.frames.add(page.frames.length)
    } else if (!this.#deps.signal.aborted) counters.abandoned.add()
  }

  async #read({ stream, request }: Asked): Promise<ReplayPage | undefined> {
    const { readerOf, reading, log } = this.#deps
    const reader = readerOf(stream)
    if (!reader) {
      this.#refuse(request, 'unknown-stream', `this node has no journal of ${stream}`)
      return undefined
    }
    const { fromUs, toUs, cursor } = request
    const maxBytes = Math.min(request.maxBytes, this.#fairShare())
    try {
      return await reading.run(() =>
        reader.read({ fromUs, toUs, maxBytes, ...(cursor === undefined ? {} : { cursor }) }),
      )
    } catch (error) {
      if (error instanceof CodedError && error.code === 'JOURNAL_BAD_CURSOR') {
        this.#refuse(request, 'bad-cursor', 'no cursor of this journal; ask for the range anew')
      } else {
        log.error({ error, stream, fromUs, toUs }, 'the journal could not be read for replay')
        this.#refuse(request, 'failed', 'the journal could not be read')
      }
      return undefined
    }
  }

  /** An answer takes a quarter of a second at most, and the turns of all who wait a second. */
  #fairShare(): number {
    const share = Math.floor(this.#deps.bytesPerS / Math.max(ANSWERS_PER_S, this.#waiting.requesters))
    return Math.min(MAX_ANSWER_BYTES, Math.max(REPLY_PART_BYTES, share))
  }

  /** `false`: broken off. The consumer will ask again, for all or for what it has not. */
  async #answer({ stream, request }: Asked, page: ReplayPage): Promise<boolean> {
    const { pace, signal, counters, minChargeBytes } = this.#deps
    const { losses } = this.#sender
    let [parts, bytes] = [0, 0]
    for (const part of cutParts(page.frames)) {
      await pace.take(part.length, signal)
      if (this.#sender.losses !== losses) return false
      if (!(await this.#sender.send(this.#topic(request, parts), part, signal))) return false
      parts++
      bytes += part.length
      counters.bytes.add(part.length)
      await nextTurn()
    }
    await pace.take(Math.max(0, minChargeBytes - bytes), signal)
    const { cursor, frames } = page
    const { absent, throughUs } =
      cursor === undefined ? boundAbsent(page.absent, page.throughUs) : { absent: [], throughUs: page.throughUs }
    const end = encodeReplayEnd({ stream, parts, bytes, frames: frames.length, cursor, throughUs, absent })
    if (this.#sender.losses !== losses) return false
    return this.#sender.send(this.#topic(request, 'end'), end, signal)
  }

  /** At once or not at all. */
  #refuse(address: ReplyAddress, reason: ReplayRefusal, message: string): void {
    this.#deps.counters.unserved(reason)
    if (!this.#deps.refusals.tryTake(1)) return
    this.#sender.trySend(this.#topic(address, 'end'), encodeReplayRefusal(reason, message))
  }

  #topic(address: ReplyAddress, part: ReplyPart): string {
    return replyTopic(this.#deps.node.area, this.#deps.node.nodeId, address, part)
  }
}
