/** 14: one of the three processes of a line is killed with -9 in mid-stream, 50 × 50 frames/s. */
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../../lab/monotonic.ts'
import type { Fault, FaultCase, Strike } from '../fault.ts'
import { killPart, restartAfterMs } from '../kill-part.ts'
import type { Line } from '../line.ts'
import type { Part } from '../parts.ts'

const line = { brokers: { kind: 'mosquitto' }, streams: 50, qos: 1 } as const
const phasorbus = { ...line, kind: 'phasorbus' } as const
const plain = { ...line, kind: 'plain' } as const

async function killBroker({ brokers }: Line): Promise<Strike> {
  const faultMs = monotonicMs()
  await brokers[0]!.kill()
  await sleep(restartAfterMs)
  await brokers[0]!.start()
  return { faultMs, healMs: monotonicMs() }
}

/** As a service manager does it; its start is part of the recovery. */
async function strikePart(part: Part): Promise<Strike> {
  const { startedMs, ...kill } = await killPart(part)
  return { faultMs: kill.killedMs, healMs: startedMs, kill }
}

const killPublisher: FaultCase['strike'] = ({ publisher }) => strikePart(publisher)
const killConsumer: FaultCase['strike'] = ({ consumer }) => strikePart(consumer)
/** Either of the two. Nobody waits for it: live frames go on by the other. */
const killOneOfTwo: FaultCase['strike'] = async ({ publisher, standby }) => {
  const { faultMs } = await strikePart(Math.random() < 0.5 ? publisher : standby!)
  return { faultMs, healMs: faultMs }
}

export const brokerKilled: Fault = {
  name: 'broker-killed',
  what: 'Mosquitto with default persistence is killed (-9), and started again half a second later.',
  cases: [
    { name: 'phasorbus', line: phasorbus, strike: killBroker },
    { name: 'plain', line: plain, strike: killBroker },
  ],
}

export const adapterKilled: Fault = {
  name: 'adapter-killed',
  what: 'The PMU-adapter is killed (-9), and started again half a second later. What it had received and not written down yet, in the last 10 ms before the kill where nothing else is said, its journal calls lost; the judge has it under *no adapter alive*.',
  cases: [
    // Written before it is published: a frame is at the PMU or in the journal, and none can be in memory alone.
    {
      name: 'phasorbus, writeDelayMs 0',
      line: { ...phasorbus, writeDelayMs: 0 },
      kills: 'only-adapter',
      strike: killPublisher,
    },
    { name: 'phasorbus', line: phasorbus, kills: 'only-adapter', strike: killPublisher },
    { name: 'phasorbus, hot standby', line: { ...phasorbus, standby: true }, strike: killOneOfTwo },
    { name: 'plain', line: plain, kills: 'only-adapter', strike: killPublisher },
  ],
}

export const consumerKilled: Fault = {
  name: 'consumer-killed',
  what: 'The PDC-adapter is killed (-9), and started again half a second later.',
  cases: [
    { name: 'phasorbus', line: phasorbus, kills: 'consumer', strike: killConsumer },
    { name: 'plain', line: plain, kills: 'consumer', strike: killConsumer },
  ],
}
