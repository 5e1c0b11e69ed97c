import { monotonicMs } from '../../lab/monotonic.ts'
import type { Fault } from '../fault.ts'

export const failover: Fault = {
  name: 'failover',
  what: 'The nearest of two brokers that have the streams, the one the PDC-adapter uses, is killed (-9) for good.',
  cases: [
    {
      name: 'phasorbus',
      line: { kind: 'phasorbus', brokers: { kind: 'site-and-pop' }, streams: 50, qos: 1 },
      fresh: true,
      async strike({ brokers }) {
        const faultMs = monotonicMs()
        await brokers.find(({ host }) => host === 'pop-broker')!.kill()
        return { faultMs, healMs: faultMs }
      },
    },
  ],
}
