/**
 * A short version of `bench -- faults` on phasorbus: real brokers, real links,
 * every process its own, and the judge at both ends.
 */
import { dirname, join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import type { FaultCase, RunResult } from '../../bench/faults/fault.ts'
import { nodeKilled } from '../../bench/faults/faults/clusters.ts'
import { adapterKilled, brokerKilled, consumerKilled } from '../../bench/faults/faults/kills.ts'
import { cutBetween, partitionConsumer } from '../../bench/faults/faults/partitions.ts'
import { runCase } from '../../bench/faults/run-case.ts'
import { needs } from '../support/needs.ts'

const netns = needs('netns')

const caseOf = ({ cases }: { readonly cases: readonly FaultCase[] }, name: string): FaultCase => {
  const found = cases.find((one) => one.name === name)
  if (!found) throw new Error(`no case ${name} among ${cases.map((one) => one.name).join(', ')}`)
  return found
}

async function oneRun(one: FaultCase): Promise<RunResult> {
  const built = join(dirname(inject('cliMain')), '../..')
  const results: RunResult[] = []
  const line = { ...one.line, streams: 10 }
  await runCase({ ...one, line }, { runs: 1, quick: true, built, onResult: (result) => results.push(result) })
  return results[0]!
}

const nothing = { lost: 0, not_received: 0, in_socket: 0, duplicated: 0, differing: 0, account_agrees: true }

describe.skipIf(netns.skip || needs('mosquitto').skip)(
  netns.title('over Mosquitto, phasorbus loses and doubles nothing'),
  () => {
    it('when the broker is killed', { timeout: 60_000 }, async () => {
      expect(await oneRun(caseOf(brokerKilled, 'phasorbus'))).toMatchObject(nothing)
    })

    it('when one of two adapters is killed', { timeout: 60_000 }, async () => {
      expect(await oneRun(caseOf(adapterKilled, 'phasorbus, hot standby'))).toMatchObject(nothing)
    })

    it('when the only adapter is killed, but for what was sent while there was none', { timeout: 60_000 }, async () => {
      const { not_received, ...result } = await oneRun(caseOf(adapterKilled, 'phasorbus'))
      const { not_received: _, ...others } = nothing
      expect(result).toMatchObject(others)
      expect(not_received).toBeGreaterThan(0)
    })

    it('when the consumer is killed, but for what was in the socket to its PDCs', { timeout: 60_000 }, async () => {
      const { in_socket, ...result } = await oneRun(caseOf(consumerKilled, 'phasorbus'))
      expect(result).toMatchObject({ lost: 0, not_received: 0, duplicated: 0, differing: 0 })
      expect(in_socket).toBeLessThanOrEqual(10)
    })

    it('when its link to the broker is cut for a while', { timeout: 60_000 }, async () => {
      const strike = cutBetween(['center'], ['broker'], 4, 4)
      const result = await oneRun({ ...caseOf(partitionConsumer, 'phasorbus'), strike })
      expect(result).toMatchObject(nothing)
      expect(result.recovery_ms).toBeLessThan(5_000)
    })
  },
)

describe.skipIf(netns.skip || needs('nats-server').skip)(netns.title('over three NATS nodes'), () => {
  it('nothing is lost or doubled when one of them is killed', { timeout: 90_000 }, async () => {
    expect(await oneRun(caseOf(nodeKilled, 'phasorbus, NATS'))).toMatchObject(nothing)
  })
})
