import type { LiveConfig } from '../bus/index.ts'
import type { Configuration } from '../c37118/index.ts'
import { fractionOf, socOf } from '../c37118/index.ts'
import type { Journal } from '../journal/index.ts'
import { type Server, type ServerConfig, startServer } from '../link/index.ts'
import { aborted } from '../runtime/aborted.ts'
import { monotonicMs, utcMs } from '../runtime/clock.ts'
import type { Running } from '../runtime/service.ts'
import { Alarm } from './alarm.ts'
import { PdcClock } from './pdc-clock.ts'
import { type InputDeps, type PdcInput, readInputs } from './pdc-inputs.ts'
import { type OutputInput, type OutputSettings, PdcOutput } from './pdc-output.ts'
import { serveOutput } from './serve-output.ts'
import type { Now } from './slot-window.ts'

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
  /** By output. */
  readonly servers: ReadonlyMap<string, Server>
}

interface Input {
  configuration: Configuration
  readonly at: readonly OutputInput[]
}

/** How often the inputs' clocks are compared with the host's. */
const LOOK_MS = 1000
/** Who is silent is found so often. */
const TICK_MS = 100

/**
 * A phasor data concentrator (IEEE C37.247): takes frames of many inputs, and
 * says for each instant what came, once, in time. What it puts out is a stream
 * like any other.
 */
export function startPdc({ id, inputs, outputs }: PdcConfig, deps: PdcDeps): Pdc {
  const { signal, log, metrics, buses, node, journal } = deps
  const clock = new PdcClock()
  const known = new Map<string, Input>()
  const servers = new Map<string, Server>()
  const ways = outputs.map(({ id: output, topic, live, server: config, idcode, ...settings }) => {
    const server = config && startServer(config, { signal, log, metrics, server: output })
    if (server) servers.set(output, server)
    const kept = topic === undefined ? undefined : journal?.stream(topic)
    const sink = serveOutput(
      {
        idcode,
        ...(topic !== undefined && { producer: { topic, buses, node, ...(live && { live }) } }),
        ...(kept && { journal: kept }),
        ...(server && { server }),
      },
      metrics,
    )
    return { sink, output: new PdcOutput({ ...settings, id: output, idcode }, { sink, log, metrics }) }
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
    const hasChanged = clock.look(hostNow())
    offset.set(clock.differenceUs / 1e6)
    if (!hasChanged) return
    const facts = { pdc: id, host: clock.host, aheadS: clock.differenceUs / 1e6 }
    if (clock.host === 'right') log.info(facts, 'the host’s clock is right again')
    else log.error(facts, 'the host’s clock is wrong: the time that the inputs agree on is used; set the clock')
  }
  const timers = [setInterval(tick, TICK_MS), setInterval(look, LOOK_MS)]

  const reading = readInputs(
    inputs,
    {
      configuration(name, configuration, rules) {
        const now = clock.now(hostNow())
        known.set(name, { configuration, at: ways.map(({ output }) => output.input(name, configuration, rules, now)) })
        arm(now)
      },
      data(name, frame) {
        const input = known.get(name)
        if (!input) return
        const host = hostNow()
        const { timeBase } = input.configuration
        clock.heard(name, socOf(frame) * 1e6 + (fractionOf(frame) * 1e6) / timeBase, host)
        const now = clock.now(host)
        for (let at = 0; at < ways.length; at++) ways[at]!.output.frame(input.at[at]!, frame, now)
        arm(now)
      },
      away(name) {
        const at = known.get(name)?.at ?? []
        at.forEach((input, index) => {
          ways[index]!.output.away(input)
        })
      },
      gone(name) {
        const now = clock.now(hostNow())
        known.get(name)?.at.forEach((input, index) => {
          ways[index]!.output.gone(input, now)
        })
        known.delete(name)
        arm(now)
      },
    },
    deps,
  )

  const listening = [...servers.values()].map((server) => server.listening)
  const ready = Promise.all([...listening, reading.ready]).then(() => {})
  ready.catch(() => {})
  const done = Promise.all([aborted(signal), reading.done, ...[...servers.values()].map((server) => server.done)])
    .then(() => {})
    .finally(() => {
      for (const timer of timers) clearInterval(timer)
      alarm.clear()
    })
  // In this very turn: the bus lets out what is published now, and then ends.
  signal.addEventListener('abort', () => {
    for (const { sink } of ways) sink.close()
  })
  return { ready, servers, done }
}
