/** 17: packets are lost on both links of the broker, both ways (the thesis's figure 5.1). */
import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../../lab/monotonic.ts'
import type { Fault, FaultCase } from '../fault.ts'
import type { Line } from '../line.ts'

const percents = [0, 5, 10, 15, 20, 25, 30]
const links = [
  ['site', 'broker'],
  ['center', 'broker'],
] as const
const streams = 10

async function lose({ network }: Line, percent: number): Promise<void> {
  for (const [a, b] of links) await network.lose(percent, a, b)
}

/** The loss does not end with the window: what is healed is healed through it, for two minutes at least. */
const lossy =
  (percent: number): FaultCase['strike'] =>
  async (line, _window, quick) => {
    const faultMs = monotonicMs()
    await lose(line, percent)
    await sleep(quick ? 5_000 : 15_000)
    return { faultMs, healMs: faultMs }
  }

const sides = [
  ['phasorbus', 0],
  ['phasorbus', 1],
  ['plain', 0],
  ['plain', 1],
  ['plain', 2],
] as const

export const packetLoss: Fault = {
  name: 'packet-loss',
  what: 'So many of 100 packets are dropped between adapter and broker and between broker and consumer, each way, for 15 s of 10 × 50 frames/s. The loss stays until nothing more comes; where phasorbus still lacks something after two minutes, it ends then. phasorbus publishes at QoS 0 or 1: what QoS 2 adds is of no use to it, who knows each frame by its time.',
  slow: true,
  cases: sides.flatMap(([kind, qos]) =>
    percents.map((percent) => ({
      name: `${kind}, QoS ${qos}, ${percent} %`,
      x: percent,
      fresh: true,
      // TCP waits longer each time before it sends again.
      quietMs: percent > 0 ? 20_000 : 4_000,
      line: { kind, brokers: { kind: 'mosquitto', persistence: 'often' }, streams, qos } as const,
      strike: lossy(percent),
      relieve: (line) => lose(line, 0),
    })),
  ),
}
