/** 15: a link is cut for a minute, as in the thesis's sections 7.4 and 7.5. */
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../../lab/monotonic.ts'
import type { Fault, FaultCase } from '../fault.ts'

const line = { streams: 50, qos: 1 } as const
const mosquitto = { ...line, brokers: { kind: 'mosquitto' } } as const
const siteAndPop = { ...line, brokers: { kind: 'site-and-pop' } } as const

export const cutBetween =
  (ones: readonly string[], others: readonly string[], seconds: number, quickSeconds: number): FaultCase['strike'] =>
  async ({ network }, _window, quick) => {
    const faultMs = monotonicMs()
    await network.cut(ones, others)
    await sleep((quick ? quickSeconds : seconds) * 1000)
    await network.heal(ones, others)
    return { faultMs, healMs: monotonicMs() }
  }

const minute = (ones: readonly string[], others: readonly string[]): FaultCase['strike'] =>
  cutBetween(ones, others, 60, 6)

export const partitionConsumer: Fault = {
  name: 'partition-consumer',
  what: 'Nothing passes between the PDC-adapter and its broker for 60 s.',
  slow: true,
  cases: [
    {
      name: 'phasorbus',
      line: { ...mosquitto, kind: 'phasorbus' },
      strike: minute(['center'], ['broker']),
      series: true,
    },
    { name: 'plain', line: { ...mosquitto, kind: 'plain' }, strike: minute(['center'], ['broker']), series: true },
  ],
}

export const partitionAdapter: Fault = {
  name: 'partition-adapter',
  what: 'Nothing passes between the PMU-adapter and its broker for 60 s.',
  slow: true,
  cases: [
    {
      name: 'phasorbus',
      line: { ...mosquitto, kind: 'phasorbus' },
      strike: minute(['site'], ['broker']),
      series: true,
    },
    { name: 'plain', line: { ...mosquitto, kind: 'plain' }, strike: minute(['site'], ['broker']), series: true },
  ],
}

const site = ['pmu', 'site', 'site-broker']
const pop = ['pop-broker', 'center', 'pdc']

export const partitionSite: Fault = {
  name: 'partition-site',
  what: 'Nothing passes between the site (PMUs, PMU-adapter, its broker) and the PoP (its broker, PDC-adapter) for 60 s.',
  slow: true,
  cases: [
    { name: 'phasorbus', line: { ...siteAndPop, kind: 'phasorbus' }, strike: minute(site, pop), series: true },
    { name: 'plain', line: { ...siteAndPop, kind: 'plain' }, strike: minute(site, pop), series: true },
  ],
}
