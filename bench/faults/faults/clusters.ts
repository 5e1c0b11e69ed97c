/** 16: clusters of three lose a node or are split; a bridge is cut. */
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../../lab/monotonic.ts'
import type { Fault, FaultCase } from '../fault.ts'
import type { Line } from '../line.ts'
import { cutBetween } from './partitions.ts'

type Cluster = 'rabbitmq' | 'nats'

/** Three copies of each message on one machine: at 50 × 50/s it would be the machine that fails. */
const streams = 10
const anyOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!

/** Whoever was connected to it goes to another: nobody waits for its return. */
const killNode: FaultCase['strike'] = async ({ brokers }) => {
  const faultMs = monotonicMs()
  await anyOf(brokers).kill()
  return { faultMs, healMs: faultMs }
}

/** The node is back in its cluster before the next one is killed. */
const startNodes = async ({ brokers }: Line): Promise<void> => {
  await Promise.all(brokers.filter(({ running }) => !running).map((broker) => broker.start()))
  await sleep(2_000)
}

/** One node from the two others; who is connected to it stays so. */
const splitOff: FaultCase['strike'] = async ({ brokers, network }, _window, quick) => {
  const alone = anyOf(brokers).host
  const others = brokers.map(({ host }) => host).filter((host) => host !== alone)
  const faultMs = monotonicMs()
  await network.cut([alone], others)
  await sleep(quick ? 12_000 : 30_000)
  await network.heal([alone], others)
  return { faultMs, healMs: monotonicMs() }
}

const sides = (cluster: Cluster, strike: FaultCase['strike'], mend?: FaultCase['mend']): FaultCase[] =>
  (['phasorbus', 'plain'] as const).map((kind) => ({
    name: `${kind}, ${cluster === 'nats' ? 'NATS' : 'RabbitMQ'}`,
    line: { kind, brokers: { kind: cluster }, streams, qos: 1 },
    strike,
    ...(mend && { mend }),
  }))

export const nodeKilled: Fault = {
  name: 'node-killed',
  what: 'One of three nodes of a cluster is killed (-9); the others go on.',
  slow: true,
  cases: [...sides('nats', killNode, startNodes), ...sides('rabbitmq', killNode, startNodes)],
}

export const clusterSplit: Fault = {
  name: 'cluster-split',
  what: 'One of three nodes is cut off from the two others for 30 s; clients still reach all of them.',
  slow: true,
  cases: [...sides('nats', splitOff), ...sides('rabbitmq', splitOff)],
}

export const bridgeCut: Fault = {
  name: 'bridge-cut',
  what: 'Mosquitto at the site and Mosquitto at the PoP, joined by a bridge, are cut apart for 20 s.',
  slow: true,
  cases: (['phasorbus', 'plain'] as const).map((kind) => ({
    name: kind,
    line: { kind, brokers: { kind: 'bridge' }, streams, qos: 1 },
    strike: cutBetween(['site-broker'], ['pop-broker'], 20, 8),
  })),
}
