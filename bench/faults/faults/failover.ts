import { monotonicMs } from '../../lab/monotonic.ts'
import type { Fault, FaultCase } from '../fault.ts'

const killNearest: FaultCase['strike'] = async ({ brokers }) => {
  const faultMs = monotonicMs()
  await brokers.find(({ host }) => host === 'pop-broker')!.kill()
  return { faultMs, healMs: faultMs }
}

const brokers = { kind: 'site-and-pop', plainKnowsBoth: true } as const
const line = { brokers, streams: 50, qos: 1 } as const

export const failover: Fault = {
  name: 'failover',
  what: 'The nearest of two brokers that have the streams, the one the PDC-adapter uses, is killed (-9) for good. Plain clients go to the other one as soon as they can.',
  cases: [
    { name: 'phasorbus', line: { ...line, kind: 'phasorbus' }, fresh: true, strike: killNearest },
    { name: 'plain', line: { ...line, kind: 'plain' }, fresh: true, strike: killNearest },
  ],
}
