/**
 * All that is published at QoS 1, by a session that the broker keeps: for
 * publishers that have no journal.
 *
 * In steady state one connection: what comes over the session is live, and
 * acknowledged at once. After a loss, and at the start, a second connection
 * without a session, the live lane, brings what is live at once. The backlog
 * of the session comes beside it at a pace: what may not come yet is not
 * acknowledged, so a broker with a window waits, and not read, so any other
 * does. When the session is as new as the live lane, the live lane ends.
 */
import { whenAborted } from '../runtime/aborted.ts'
import { monotonicMs } from '../runtime/clock.ts'
import { retryUntilAborted } from '../runtime/retry.ts'
import { filtersOverlap } from '../streams/index.ts'
import { BusError } from './bus-error.ts'
import { brokerName } from './link-settings.ts'
import { chooseAddress } from './mqtt-connection.ts'
import type { MqttLink, SessionSink } from './mqtt-link.ts'
import type { NearestFirst } from './nearest-first.ts'
import { SessionDrain } from './session-drain.ts'
import type { SessionLane, SessionLaneConfig, SessionLaneDeps } from './session-lane-options.ts'
import { LiveLane } from './session-live-lane.ts'
import { type SessionMetrics, sessionMetrics } from './session-metrics.ts'
import { openSessionLink } from './session-open.ts'
import { type Pace, SteadyPace } from './session-pace.ts'
import { SessionSeam } from './session-seam.ts'
import { Standstill } from './session-standstill.ts'

/**
 * Connects, and stays connected until the signal aborts; the broker goes on
 * keeping the session then. From a broker that keeps no sessions what is live
 * comes all the same, and an error says that nothing else will.
 */
export function startSessionLane(config: SessionLaneConfig, deps: SessionLaneDeps): SessionLane {
  for (const [index, one] of config.filters.entries()) {
    const other = config.filters.slice(index + 1).find((filter) => filtersOverlap(one, filter))
    if (other === undefined) continue
    throw new BusError({ code: 'BUS_FILTERS_OVERLAP', filters: [one, other] }, `${one} and ${other} of one session`)
  }
  return new LaneOfSession(config, deps)
}

const GOODBYE_MS = 1000
/** What the live lane had brought when it ended has come over the session by then. */
const SETTLE_MS = 1000

class LaneOfSession implements SessionLane {
  readonly name: string
  readonly done: Promise<void>
  readonly #config: SessionLaneConfig
  readonly #deps: SessionLaneDeps
  readonly #pace: Pace
  readonly #metrics: SessionMetrics
  readonly #seam = new SessionSeam()
  readonly #standstill: Standstill
  readonly #lane: LiveLane
  /** Of the addresses of the broker, for both lanes. */
  readonly #choice: NearestFirst
  /** The last link fell silent over a subscription. */
  #isPatient = false
  #link: MqttLink | undefined
  #drain: SessionDrain | undefined
  /** The session is the only lane. */
  #isSteady = false
  /** In this run the broker has been seen to keep the session. */
  #isKept = false
  /** It has been seen not to: the live lane is all there is. */
  #isWithout = false
  /** Messages of the live lane since the drain asked. */
  #liveSince = 0

  constructor(config: SessionLaneConfig, deps: SessionLaneDeps) {
    const { signal, log, metrics, pace = new SteadyPace(monotonicMs) } = deps
    this.name = brokerName(config.broker.url)
    this.#config = config
    this.#deps = deps
    this.#pace = pace
    this.#metrics = sessionMetrics(metrics, config.clientId)
    this.#choice = chooseAddress(config.broker)
    this.#standstill = new Standstill(() => this.#stoodStill())
    this.#lane = new LiveLane(config, {
      log,
      choice: this.#choice,
      message: (topic, payload, retained) => this.#live(topic, payload, retained),
      onGranted: () => deps.onGranted?.(),
      onLost: () => deps.onLost?.(),
    })
    this.done = retryUntilAborted((established) => this.#run(established), {
      ...config.broker.retry,
      signal,
      onFailure: (error, delayMs) => log.warn({ error, broker: this.name, delayMs }, 'session connection lost'),
    }).finally(() => {
      this.#standstill.close()
      this.#lane.end()
      return this.#lane.ended()
    })
  }

  get connected(): boolean {
    return this.#isSteady || this.#lane.isGranted
  }

  get draining(): boolean {
    return !this.#isSteady
  }

  confirm(): void {
    this.#drain?.confirm()
  }

  /** The live lane, and one connection of the session beside it, to its end. */
  async #run(established: () => void): Promise<void> {
    const { signal } = this.#deps
    const aborted = whenAborted(signal)
    void aborted.promise.then(() => this.#link?.disconnect(GOODBYE_MS))
    try {
      await Promise.race([this.#lane.begin(), aborted.promise])
      if (signal.aborted) return
      if (await this.#resume()) {
        this.#drain?.mayEnd(() => this.#reached(established))
        throw await this.#link!.closed
      }
      await Promise.race([this.#lane.lost, aborted.promise])
    } catch (error) {
      if (error instanceof BusError && error.code === 'BUS_SUBSCRIPTION_REFUSED') this.#lane.end()
      throw error
    } finally {
      aborted.forget()
      await this.#ended()
    }
  }

  /** Takes up the session, or makes one. `false`: the broker keeps none. */
  async #resume(): Promise<boolean> {
    const { log, onForgotten } = this.#deps
    let link = await this.#connect()
    if (link.hasSession) {
      // What an earlier run subscribed to may be something else. Its answer may have to wait behind the backlog.
      if (!this.#isKept) this.#subscribe(link).catch((error) => this.#notSubscribed(link, error))
    } else {
      this.#metrics.forgotten.add()
      onForgotten?.()
      this.#seam.forget()
      await this.#subscribe(link)
      if (!this.#isKept) {
        await this.#disconnect()
        link = await this.#connect(true)
      }
      if (!this.#isKept && !link.hasSession) {
        await this.#disconnect()
        this.#isWithout = true
        const { facts, message } = noSessions(this.name)
        log.error({ ...facts, session: this.#config.clientId }, message)
        return false
      }
    }
    this.#isKept = true
    return true
  }

  async #connect(isFresh = false): Promise<MqttLink> {
    const { broker, clientId } = this.#config
    const { late, passed, live, confirms = false, signal } = this.#deps
    this.#isWithout = false
    const drain = new SessionDrain({
      seam: this.#seam,
      pace: this.#pace,
      confirms,
      liveSince: () => {
        const count = this.#liveSince
        this.#liveSince = 0
        return count
      },
      onBytes: () => this.#standstill.look(monotonicMs()),
      late: (topic, payload) => {
        const isTaken = this.#guarded(topic, () => late(topic, payload)) !== false
        if (isTaken) this.#metrics.late.add()
        return isTaken
      },
      live: (topic, payload) => {
        this.#guarded(topic, () => {
          passed?.(topic, payload)
          live(topic, payload, false)
        })
      },
      known: (topic, payload) => {
        this.#metrics.known.add()
        if (passed) this.#guarded(topic, () => passed(topic, payload))
      },
    })
    this.#drain = drain
    const onLink = (link: MqttLink): SessionSink => {
      this.#link = link
      drain.attach(link)
      return drain
    }
    const isPatient = this.#isPatient
    const link = await openSessionLink({ broker, clientId, choice: this.#choice, isPatient, signal, onLink })
    void link.closed.then(() => {
      this.#isPatient = link.wasBusy
    })
    drain.begin(isFresh || !link.hasSession)
    return link
  }

  async #subscribe(link: MqttLink): Promise<void> {
    await Promise.all(this.#config.filters.map((filter) => link.subscribe(filter, 1)))
  }

  #notSubscribed(link: MqttLink, error: unknown): void {
    if (!link.up) return
    this.#deps.log.warn({ error, broker: this.name }, 'session subscription refused')
    link.destroy()
  }

  /** The session is as new as the live lane. */
  #reached(established: () => void): void {
    established()
    this.#isSteady = true
    this.#lane.end()
    this.#metrics.draining.set(0)
    this.#metrics.unrecognisable.set(this.#seam.evicted)
    const drain = this.#drain
    setTimeout(() => {
      if (this.#drain === drain) this.#seam.settle()
    }, SETTLE_MS).unref()
    this.#deps.onDrained?.()
  }

  async #ended(): Promise<void> {
    const wasSteady = this.#isSteady
    this.#isSteady = false
    this.#metrics.draining.set(1)
    const isOver = this.#deps.signal.aborted
    if (wasSteady && !isOver) {
      this.#deps.onLost?.()
      // What is live waits for nothing: not for the session's next attempt either.
      this.#lane.begin().catch(() => {})
    }
    await this.#disconnect()
  }

  /** Of what came and was not done with nothing is acknowledged: it comes again. */
  async #disconnect(): Promise<void> {
    this.#drain?.close()
    this.#drain = undefined
    const link = this.#link
    this.#link = undefined
    // A paused socket would not see its end.
    link?.resume()
    await link?.disconnect(GOODBYE_MS)
  }

  #live(topic: string, payload: Uint8Array, retained: boolean): void {
    const { live } = this.#deps
    if (retained || this.#isWithout) {
      live(topic, payload, retained)
      return
    }
    const now = monotonicMs()
    if (this.#standstill.look(now)) return
    this.#liveSince++
    if (this.#seam.live(topic, payload, now)) live(topic, payload, false)
    else this.#metrics.known.add()
  }

  /** What waits in the socket comes as backlog, and what is live over a new lane. */
  #stoodStill(): void {
    if (this.#isWithout) return
    if (this.#isSteady) {
      this.#drain?.close()
      this.#link?.destroy()
    } else if (this.#lane.isGranted) {
      this.#seam.begin(monotonicMs(), false)
      this.#lane.end()
      this.#deps.onLost?.()
      this.#lane.begin().catch(() => {})
    }
  }

  /** One handler's fault does not end the session. */
  #guarded<T>(topic: string, call: () => T): T | undefined {
    try {
      return call()
    } catch (error) {
      this.#deps.log.error({ error, topic, broker: this.name }, 'a message handler threw')
      return undefined
    }
  }
}

function noSessions(broker: string): BusError {
  return new BusError(
    { code: 'BUS_NO_SESSIONS', broker },
    `${broker} keeps no sessions: what is missed will not come; use a broker that keeps them, or recovery: replay`,
  )
}
