/** 18: the thesis's two experiments on what a broker's promise is worth. */
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../../lab/monotonic.ts'
import type { Fault, FaultCase } from '../fault.ts'
import type { Line } from '../line.ts'
import type { Window } from '../window.ts'

const published = (line: Line, window: Window, messages: number): Promise<boolean> =>
  line.until(() => window.published >= messages, 60_000)

/** 5,000 messages: the subscriber leaves at 2,000, the broker is killed at 2,500, both are back before the last. */
const crash: FaultCase['strike'] = async (line, window) => {
  await published(line, window, 2_000)
  await line.consumer.end()
  await published(line, window, 2_500)
  const faultMs = monotonicMs()
  await line.brokers[0]!.kill()
  await sleep(500)
  await line.brokers[0]!.start()
  await published(line, window, 3_500)
  const healMs = monotonicMs()
  await line.consumer.start()
  await published(line, window, 5_000)
  return { faultMs, healMs }
}

export const crashRun: Fault = {
  name: 'crash-run',
  what: "The thesis's crash run: of 5,000 messages (10 × 50/s) the subscriber leaves at 2,000, the broker is killed (-9) at 2,500 and started again, and the subscriber is back at 3,500.",
  slow: true,
  cases: (['phasorbus', 'plain'] as const).map((kind) => ({
    name: kind,
    line: { kind, brokers: { kind: 'mosquitto' }, streams: 10, qos: 1 },
    strike: crash,
  })),
}

/** 50,000 messages; at the 25,000th the node dies that keeps the subscriber's session. */
const mirroring: FaultCase['strike'] = async (line, window, quick) => {
  const messages = quick ? 5_000 : 50_000
  await published(line, window, messages / 2)
  const faultMs = monotonicMs()
  await line.brokers[1]!.kill()
  await published(line, window, messages)
  return { faultMs, healMs: faultMs }
}

export const mirroringRun: Fault = {
  name: 'mirroring-run',
  what: "The thesis's mirroring run: of 50,000 messages (20 × 50/s) at the 25,000th the cluster's node is killed (-9) that the subscriber is connected to.",
  slow: true,
  cases: (['nats', 'rabbitmq'] as const).flatMap((cluster) =>
    (['phasorbus', 'plain'] as const).map((kind) => ({
      name: `${kind}, ${cluster === 'nats' ? 'NATS' : 'RabbitMQ'}`,
      line: { kind, brokers: { kind: cluster }, streams: 20, qos: 1 },
      fresh: true,
      strike: mirroring,
    })),
  ),
}
