/**
 * A short version of `bench -- faults` on phasorbus: real brokers, real links,
 * every process its own, and the judge at both ends.
 */
import { describe, expect, it } from 'vitest'
import { failover } from '../../bench/faults/faults/failover.ts'
import { adapterKilled, brokerKilled, consumerKilled } from '../../bench/faults/faults/kills.ts'
import { packetLoss } from '../../bench/faults/faults/packet-loss.ts'
import { cutBetween, partitionAdapter, partitionConsumer, partitionSite } from '../../bench/faults/faults/partitions.ts'
import { needs } from '../support/needs.ts'
import { caseOf, nothing, oneRun } from './support/one-run.ts'

const netns = needs('netns')

describe.skipIf(netns.skip || needs('mosquitto').skip)(
  netns.title('over Mosquitto, phasorbus loses and doubles nothing'),
  { timeout: 120_000 },
  () => {
    it('when the broker is killed', async () => {
      expect(await oneRun(caseOf(brokerKilled, 'phasorbus'))).toMatchObject(nothing)
    })

    it('when one of two adapters is killed', async () => {
      expect(await oneRun(caseOf(adapterKilled, 'phasorbus, hot standby'))).toMatchObject(nothing)
    })

    it('when the only adapter is killed, but for what was sent while there was none', async () => {
      const { not_received, ...result } = await oneRun(caseOf(adapterKilled, 'phasorbus'))
      const { not_received: _, ...others } = nothing
      expect(result).toMatchObject(others)
      expect(not_received).toBeGreaterThan(0)
    })

    it('when the consumer is killed, but for what was in the socket to its PDCs', async () => {
      const { in_socket: _, ...others } = nothing
      expect(await oneRun(caseOf(consumerKilled, 'phasorbus'))).toMatchObject(others)
    })

    it('when the nearest of two brokers is killed for good, and is live again at once', async () => {
      const result = await oneRun(caseOf(failover, 'phasorbus'))
      expect(result).toMatchObject(nothing)
      expect(result.recovery_ms).toBeLessThan(5_000)
    })

    it('when its consumer is cut off from the broker for a while', async () => {
      const strike = cutBetween(['center'], ['broker'], 4, 4)
      const result = await oneRun({ ...caseOf(partitionConsumer, 'phasorbus'), strike })
      expect(result).toMatchObject(nothing)
      expect(result.recovery_ms).toBeLessThan(5_000)
    })

    it.each([
      ['its adapter is cut off from the broker', partitionAdapter],
      ['its site is cut off from the PoP', partitionSite],
    ])('when %s for a while', async (_, fault) => {
      expect(await oneRun(caseOf(fault, 'phasorbus'))).toMatchObject(nothing)
    })

    it.each(['phasorbus, QoS 0, 20 %', 'phasorbus, QoS 1, 20 %'])('when packets are lost: %s', async (name) => {
      expect(await oneRun(caseOf(packetLoss, name))).toMatchObject(nothing)
    })
  },
)
