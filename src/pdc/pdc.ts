import type { LiveConfig } from '../bus/index.ts'
import type { Configuration } from '../c37118/index.ts'
import { RecoverySettings } from '../config/recovery.ts'
import type { Journal } from '../journal/index.ts'
import { type Server, type ServerConfig, startServer } from '../link/index.ts'
import { type LateTaken, timeUsOf } from '../recovery/index.ts'
import { aborted } from '../runtime/aborted.ts'
import { monotonicMs, utcMs } from '../runtime/clock.ts'
import type { Running } from '../runtime/service.ts'
import { type Account, sameConfiguration } from '../streams/index.ts'
import { Alarm } from './alarm.ts'
import type { Now } from './alignment-window.ts'
import { InputErrors } from './input-errors.ts'
import { Latencies } from './latencies.ts'
import { LatencyGauges } from './latency-gauges.ts'
import { sumsOf } from './output-figures.ts'
import type { OutputInput } from './output-input.ts'
import { PdcClock } from './pdc-clock.ts'
import { type InputDeps, type PdcInput, readInputs } from './pdc-inputs.ts'
import { type AboutInput, type OutputSettings, PdcOutput } from './pdc-output.ts'
import { serveOutput } from './serve-output.ts'

export interface PdcOutputConfig extends OutputSettings {
  /** Of its stream on the bus; without it, it is not published. */
  readonly topic?: string
  readonly live?: Partial<LiveConfig>
  /** Where C37.118 clients reach it; without it, they do not. */
  readonly server?: ServerConfig
}

export interface PdcConfig {
  /** For logs and metrics. */
  readonly id: string
  readonly inputs: readonly PdcInput[]
  /** How gaps of inputs that are streams are filled. Default: from their journals. */
  readonly recovery?: RecoverySettings
  readonly outputs: readonly PdcOutputConfig[]
}

export interface PdcDeps extends InputDeps {
  /** Every broker that gets the outputs. */
  readonly buses: readonly InputDeps['bus'][]
  /** Topic of this process's node. */
  readonly node: string
  readonly journal?: Journal
}

export interface Pdc extends Running {
  /** Resolves when clients can connect, and the broker has granted the subscriptions. */
  readonly ready: Promise<void>
  /** Resolves when clients can connect; rejects when a port cannot be had. */
  readonly listening: Promise<void>
  /** By output. */
  readonly servers: ReadonlyMap<string, Server>
  /** What became of every timestamp of inputs that are streams, by stream. */
  accounts(): ReadonlyMap<string, Account>
}

interface Input {
  readonly configuration: Configuration
  /** From a frame's time to its arrival. */
  readonly latencies: Latencies
  /** The least of them by the host's clock, since it was compared last; infinite where none came. */
  leastUs: number
  /** Of the newest frame that is not of the future. */
  newestUs: number
  readonly gauges: LatencyGauges
  /** Those that late frames of it come with; others are compared once. */
  compared: readonly Uint8Array[] | undefined
  isSame: boolean
  readonly fragments: readonly Uint8Array[] | undefined
  /** By output; undefined where it can make nothing of it. */
  readonly at: readonly (OutputInput | undefined)[]
}

/** How often the inputs' clocks are compared with the host's. */
const LOOK_MS = 1000
/** How it does is told so often. */
const TELL_MS = 10_000
/** Who is silent is found so often. */
const TICK_MS = 100

/**
 * A phasor data concentrator (IEEE C37.247): takes frames of many inputs, and
 * says for each instant what came, once, in time. What it puts out is a stream
 * like any other.
 */
export function startPdc(
  { id, inputs, recovery = RecoverySettings.parse({}), outputs }: PdcConfig,
  deps: PdcDeps,
): Pdc {
  const { signal, log, metrics, buses, node, journal } = deps
  const clock = new PdcClock()
  const known = new Map<string, Input>()
  const servers = new Map<string, Server>()
  const errors = new Map<string, InputErrors>()
  /** Of inputs that are gone. */
  let goneErrors: Readonly<Record<string, number>> = {}
  const about = (name: string): AboutInput => ({
    finalUs: reading.consumer?.finalUs(name),
    newestUs: known.get(name)?.newestUs ?? Number.NEGATIVE_INFINITY,
  })
  const allErrors = (): Readonly<Record<string, number>> =>
    sumsOf([goneErrors, ...[...errors.values()].map(({ totals }) => totals)])
  const ways = outputs.map(({ id: output, topic, live, server: config, idcode, ...settings }) => {
    const server = config && startServer(config, { signal, log, metrics, server: output })
    if (server) servers.set(output, server)
    const sink = serveOutput(
      {
        idcode,
        ...(topic !== undefined && { producer: { topic, buses, node, ...(live && { live }) } }),
        ...(journal && { journal }),
        ...(server && { server }),
      },
      metrics,
    )
    return {
      sink,
      output: new PdcOutput(
        { ...settings, id: output, idcode },
        { sink, log, metrics, room: () => reading.consumer?.room(), about, errors: allErrors },
      ),
    }
  })

  const hostNow = (): Now => ({ utcUs: utcMs() * 1000, monotonicUs: monotonicMs() * 1000 })
  const alarm = new Alarm(() => tick())
  const arm = (now: Now): void => {
    for (const { output } of ways) {
      const dueUs = output.dueUs(now)
      if (dueUs !== undefined) alarm.set(dueUs / 1000, now.monotonicUs / 1000)
    }
  }
  const tick = (): void => {
    const now = clock.now(hostNow())
    for (const { output } of ways) output.tick(now)
    arm(now)
  }
  const offset = metrics.gauge(
    'phasorbus_pdc_host_clock_ahead_seconds',
    'How far the host’s clock is ahead of the time that the inputs agree on; 0 while they bear it out.',
    { pdc: id },
  )
  const look = (): void => {
    const ages: number[] = []
    for (const input of known.values()) {
      if (input.leastUs !== Number.POSITIVE_INFINITY) ages.push(input.leastUs)
      input.leastUs = Number.POSITIVE_INFINITY
    }
    const hasChanged = clock.look(hostNow(), ages)
    offset.set(clock.differenceUs / 1e6)
    if (!hasChanged) return
    const facts = { pdc: id, host: clock.host, aheadS: clock.differenceUs / 1e6 }
    if (clock.host === 'right') log.info(facts, 'the host’s clock is right again')
    else log.error(facts, 'the host’s clock is wrong: the time that the inputs agree on is used; set the clock')
  }
  const gaugesOf = (input: string): LatencyGauges =>
    new LatencyGauges(
      metrics,
      'phasorbus_pdc_input_latency_seconds',
      'From a frame’s time to its arrival at the PDC, over the last ten seconds.',
      { pdc: id, input },
    )
  const tell = (): void => {
    for (const { latencies, gauges } of known.values()) gauges.set(latencies.take())
    for (const { output } of ways) output.tell()
  }
  // At once: who takes the stream knows from the first state on that it is a PDC's.
  tell()
  const timers = [setInterval(tick, TICK_MS), setInterval(look, LOOK_MS), setInterval(tell, TELL_MS)]

  const late = (
    name: string,
    frame: Uint8Array,
    fragments: readonly Uint8Array[],
    delivered: (timeUs: number) => void,
  ): LateTaken => {
    const input = known.get(name)
    if (!input || ways.some(({ output }, at) => input.at[at] && output.mustWait(input.at[at]))) return false
    if (!isOfNow(input, fragments)) return 'other-configuration'
    const now = clock.now(hostNow())
    const timeUs = timeUsOf(frame, input.configuration.timeBase)
    const taken = lateAt(ways, input.at, frame, now, () => delivered(timeUs))
    arm(now)
    return taken
  }
  const own = new Set(outputs.flatMap(({ topic }) => topic ?? []))
  const reading = readInputs(
    { id, inputs, recovery, own },
    {
      configuration(name, configuration, rules, fragments) {
        const now = clock.now(hostNow())
        const at = ways.map(({ output }) => output.input(name, configuration, rules, now))
        const {
          latencies = new Latencies(),
          gauges = gaugesOf(name),
          leastUs = Number.POSITIVE_INFINITY,
          newestUs = Number.NEGATIVE_INFINITY,
        } = known.get(name) ?? {}
        const compared = undefined
        known.set(name, { configuration, latencies, gauges, leastUs, newestUs, fragments, compared, isSame: false, at })
        arm(now)
      },
      data(name, frame) {
        const input = known.get(name)
        if (!input) return false
        const host = hostNow()
        const timeUs = timeUsOf(frame, input.configuration.timeBase)
        input.leastUs = Math.min(input.leastUs, host.utcUs - timeUs)
        const now = clock.now(host)
        if (timeUs > input.newestUs && timeUs <= now.utcUs) input.newestUs = timeUs
        input.latencies.add(now.utcUs - timeUs)
        let isOfAny = false
        for (let at = 0; at < ways.length; at++) {
          const one = input.at[at]
          if (one && ways[at]!.output.frame(one, frame, now)) isOfAny = true
        }
        arm(now)
        return isOfAny
      },
      late: (name, frame, fragments) =>
        late(name, frame, fragments, (timeUs) => reading.consumer?.delivered(name, timeUs, 'late')),
      revised: (name, frame, fragments) => late(name, frame, fragments, () => {}) !== false,
      lateRoom: () => ways.reduce((least, { output }) => Math.min(least, output.lateRoom), Number.POSITIVE_INFINITY),
      unusable(name, reason, count) {
        const known = errors.get(name) ?? new InputErrors(metrics, id, name)
        errors.set(name, known)
        known.add(reason, count)
      },
      away(name) {
        const at = known.get(name)?.at ?? []
        at.forEach((input, index) => {
          if (input) ways[index]!.output.away(input)
        })
      },
      gone(name) {
        const now = clock.now(hostNow())
        known.get(name)?.at.forEach((input, index) => {
          if (input) ways[index]!.output.gone(input, now)
        })
        known.delete(name)
        goneErrors = sumsOf([goneErrors, errors.get(name)?.totals ?? {}])
        errors.delete(name)
        metrics.forget({ pdc: id, input: name })
        arm(now)
      },
    },
    deps,
  )

  const listening = Promise.all([...servers.values()].map((server) => server.listening)).then(() => {})
  listening.catch(() => {})
  const ready = Promise.all([listening, reading.ready]).then(() => {})
  ready.catch(() => {})
  const done = Promise.all([aborted(signal), reading.done, ...[...servers.values()].map((server) => server.done)])
    .then(() => {})
    .finally(() => {
      for (const timer of timers) clearInterval(timer)
      for (const { output } of ways) output.close()
      alarm.clear()
    })
  // In this very turn: the bus lets out what is published now, and then ends.
  signal.addEventListener('abort', () => {
    for (const { sink } of ways) sink.close()
  })
  return { ready, listening, servers, done, accounts: () => reading.consumer?.accounts() ?? new Map() }
}

/** Whether a late frame's configuration is the one that its input has. */
function isOfNow(input: Input, fragments: readonly Uint8Array[]): boolean {
  if (input.compared === fragments) return input.isSame
  input.compared = fragments
  input.isSame = input.fragments === fragments || (!!input.fragments && sameConfiguration(input.fragments, fragments))
  return input.isSame
}

/**
 * A late frame at every output; it is done when it is at all of them that can
 * have it. Says what became of it where it fared best: kept; taken; why not.
 */
function lateAt(
  ways: readonly { readonly output: PdcOutput }[],
  inputs: readonly (OutputInput | undefined)[],
  frame: Uint8Array,
  now: Now,
  delivered: () => void,
): LateTaken {
  let left = 0
  let verdict: LateTaken = 'too-late'
  const done = (): void => {
    if (--left === 0) delivered()
  }
  ways.forEach(({ output }, at) => {
    const input = inputs[at]
    if (!input) return
    const taken = output.late(input, frame, now, done)
    if (taken === 'kept') left++
    verdict = best(verdict, taken)
  })
  return verdict
}

const order: readonly LateTaken[] = ['kept', true, 'other-configuration', 'too-late']
const best = (one: LateTaken, other: LateTaken): LateTaken => (order.indexOf(one) <= order.indexOf(other) ? one : other)
