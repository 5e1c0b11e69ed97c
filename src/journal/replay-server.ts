/**
 * The answering side of the replay contract: requests of any consumer to this
 * node's journal. Stateless: all that an answer needs is in its request.
 */
import type { Bus } from '../bus/index.ts'
import { aborted } from '../runtime/aborted.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import { type AbsentRange, type NodeIdentity, REPLY_PART_BYTES, type ReplayQuery } from '../streams/index.ts'
import { ReplayCounters } from './replay-server-counters.ts'
import { ReplayLane } from './replay-server-lane.ts'
import { Pace } from './replay-server-pace.ts'
import { OneAtATime } from './replay-server-turns.ts'

/** What a journal gives for a request. */
export interface ReplayPage {
  readonly frames: readonly Uint8Array[]
  readonly cursor: string | undefined
  readonly throughUs: number
  readonly absent: readonly AbsentRange[]
}

/** A journal as far as replay sees it. */
export interface ReplaySource {
  /** `undefined`: it never had this stream. */
  reader(topic: string): { read(query: ReplayQuery): Promise<ReplayPage> } | undefined
}

export interface ReplayServerConfig {
  /** This node; it answers for streams of its own site. */
  readonly node: NodeIdentity
  /** Bytes per second, all consumers together. */
  readonly bytesPerS: number
  /** Streams it may answer for. Default: all that the journal has. */
  readonly streams?: readonly string[]
}

export interface ReplayServerDeps extends ServiceDeps {
  /** Connections of its own, one for each broker: an answer must not stand before a live frame. */
  readonly buses: readonly Bus[]
  readonly journal: ReplaySource
}

/** Work for which a request is charged at the least: an empty range is looked for too. */
const MIN_CHARGE_BYTES = 4096
/** What a pause may have saved up: a burst of so many milliseconds. */
const BURST_MS = 10
/** Refusals need no turn; beyond these they are only counted. */
const REFUSALS_PER_S = 200

export function startReplayServer(config: ReplayServerConfig, deps: ReplayServerDeps): Running {
  const { node, bytesPerS, streams } = config
  const { buses, journal, signal, log, metrics } = deps
  const allowed = streams && new Set(streams)
  const burst = Math.max(REPLY_PART_BYTES, (bytesPerS * BURST_MS) / 1000)
  const shared = {
    counters: new ReplayCounters(metrics),
    log,
    signal,
    node,
    bytesPerS,
    minChargeBytes: MIN_CHARGE_BYTES,
    pace: new Pace(bytesPerS, burst),
    refusals: new Pace(REFUSALS_PER_S, REFUSALS_PER_S),
    reading: new OneAtATime(),
    readerOf: (stream: string) => (allowed && !allowed.has(stream) ? undefined : journal.reader(stream)),
  }
  const lanes = buses.map((bus) => new ReplayLane(bus, shared))
  return { done: Promise.all([aborted(signal), ...lanes.map(({ done }) => done)]).then(() => {}) }
}
