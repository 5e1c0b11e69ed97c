import { setMaxListeners } from 'node:events'
import { type ServerAddress, type StreamOutput, startServer } from '../../link/index.ts'
import { monotonicMs, utcMs } from '../../runtime/clock.ts'
import type { Counter, Running, ServiceDeps } from '../../runtime/service.ts'
import { hostClock, type ScheduleClock } from '../schedule.ts'
import { createPlan, type Plan } from './plan.ts'
import type { RecordedStream, Recording } from './recording.ts'
import { parseReplayConfig, type ReplayConfig, type ReplayInput } from './replay-config.ts'
import { ReplayError } from './replay-error.ts'
import { createStamper } from './stamper.ts'

export interface ReplayDeps extends ServiceDeps {
  /** Called for every data frame as it is sent; on the hot path. The bytes may be kept. */
  readonly onFrame?: (stream: ReplayedStream, frame: Uint8Array) => void
  /** Monotone, and UTC when the replay began. */
  readonly clock?: ScheduleClock
}

export interface ReplayedStream {
  readonly recorded: RecordedStream
  /** Where PDCs find it; from `ready` on. */
  readonly address: ServerAddress
  /** Data frames sent. */
  readonly frames: number
  /** PDCs that have its data turned on. */
  readonly receivers: number
}

export interface Replay extends Running {
  /** Resolves when every PMU can be reached; rejects if a port cannot be had. */
  readonly ready: Promise<void>
  readonly streams: readonly ReplayedStream[]
  /** Times that the recording was played to its end. */
  readonly rounds: number
}

/** Work between two looks at the sockets while it is behind. */
const BURST_MS = 5
/** How often it looks whether PDCs are there, or have read everything. */
const POLL_MS = 5
/** What a PDC has not read by then, it will not. */
const DRAIN_MS = 5000

/**
 * Plays a recording as PMU servers, one per stream, all by one absolute
 * schedule: lateness never adds up, and streams keep their time to each other.
 * Without `loop`, `done` resolves at the end, when PDCs have read the rest.
 */
export function startReplay(recording: Recording, input: ReplayInput, deps: ReplayDeps): Replay {
  const config = parseReplayConfig(input)
  if (recording.streams.length === 0) {
    const unplayable = recording.unplayable.length
    throw new ReplayError({ code: 'REPLAY_NOTHING_TO_PLAY', unplayable }, 'no stream with data and a configuration')
  }
  const stop = new AbortController()
  const signal = AbortSignal.any([deps.signal, stop.signal])
  setMaxListeners(0, signal)
  const players = recording.streams.map((recorded, i) => new Player(recorded, i, config, { ...deps, signal }))
  const ready = Promise.all(players.map(({ server }) => server.listening)).then(() => {})
  const progress = { rounds: 0 }

  const run = async (): Promise<void> => {
    try {
      await ready
      await play(players, createPlan(recording.streams), config, { ...deps, signal }, progress)
    } finally {
      stop.abort()
      await Promise.allSettled(players.map(({ server }) => server.done))
    }
  }
  const done = run()
  // Whoever looks at one of them sees the same rejection.
  done.catch(() => {})
  ready.catch(() => {})
  for (const { server } of players) server.done.catch(() => {})
  return {
    done,
    ready,
    streams: players,
    get rounds() {
      return progress.rounds
    },
  }
}

/** One stream, at a server of its own. */
class Player implements ReplayedStream {
  readonly recorded: RecordedStream
  readonly server: ReturnType<typeof startServer>
  readonly output: StreamOutput
  readonly #sent: Counter
  frames = 0

  constructor(recorded: RecordedStream, index: number, { host, port, serve }: ReplayConfig, deps: ServiceDeps) {
    const { idcode, fragments } = recorded
    const name = `replay-${index + 1}-${idcode}`
    const listen = [{ kind: 'tcp' as const, host, port: port === 0 ? 0 : port + index }]
    this.recorded = recorded
    this.server = startServer({ ...serve, listen }, { ...deps, server: name })
    this.output = this.server.stream(idcode)
    this.output.configuration(fragments)
    this.#sent = deps.metrics.counter('phasorbus_replay_frames_total', 'data frames replayed', { server: name })
  }

  get address(): ServerAddress {
    return this.server.address
  }

  get receivers(): number {
    return this.output.receivers
  }

  data(frame: Uint8Array): void {
    this.frames++
    this.#sent.add()
    this.output.data(frame)
  }
}

async function play(
  players: readonly Player[],
  plan: Plan,
  config: ReplayConfig,
  deps: ReplayDeps,
  progress: { rounds: number },
): Promise<void> {
  const { signal, onFrame } = deps
  const clock = deps.clock ?? monotoneClock()
  const lateness = deps.metrics.gauge(
    'phasorbus_replay_lateness_seconds',
    'how long after its time the last frame was sent',
  )
  if (config.wait) await until(() => players.every(({ receivers }) => receivers > 0), clock, signal)

  const stamper = createStamper(plan, config, clock.utcMs())
  const { startMs } = stamper
  do {
    const roundMs = startMs + (progress.rounds * plan.periodUs) / 1000 / config.speed
    let burstEnds = clock.utcMs() + BURST_MS
    for (const { event, index, atUs } of plan.events) {
      const dueMs = roundMs + atUs / 1000 / config.speed
      let now = clock.utcMs()
      while (!signal.aborted && (now < dueMs || now >= burstEnds)) {
        await clock.wait(Math.max(0, dueMs - now), signal)
        now = clock.utcMs()
        burstEnds = now + BURST_MS
      }
      if (signal.aborted) return
      lateness.set((now - dueMs) / 1000)
      const player = players[index]!
      if (event.kind === 'data') {
        const frame = stamper.frame(event.frame, index, progress.rounds)
        onFrame?.(player, frame)
        player.data(frame)
      } else if (event.kind === 'header') {
        player.output.header(event.frame)
      } else {
        player.output.configuration(event.fragments)
      }
    }
    progress.rounds++
  } while (config.loop)
  const enough = clock.utcMs() + DRAIN_MS
  await until(() => players.every(({ output }) => output.bufferedBytes === 0) || clock.utcMs() > enough, clock, signal)
}

async function until(fits: () => boolean, clock: ScheduleClock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !fits()) await clock.wait(POLL_MS, signal)
}

/** A clock that is set meanwhile must not shift the schedule. */
function monotoneClock(): ScheduleClock {
  const offsetMs = utcMs() - monotonicMs()
  return { utcMs: () => offsetMs + monotonicMs(), wait: hostClock.wait }
}
