/** The same over clusters and a bridge, and the thesis's runs. */
import { describe, expect, it } from 'vitest'
import { bridgeCut, clusterSplit, nodeKilled } from '../../bench/faults/faults/clusters.ts'
import { crashRun, mirroringRun } from '../../bench/faults/faults/thesis-runs.ts'
import { needs } from '../support/needs.ts'
import { caseOf, nothing, oneRun } from './support/one-run.ts'

const netns = needs('netns')

describe.skipIf(netns.skip || needs('mosquitto').skip)(
  netns.title('over Mosquitto, phasorbus loses and doubles nothing'),
  { timeout: 120_000 },
  () => {
    it('when the bridge of a site is cut and heals', async () => {
      expect(await oneRun(caseOf(bridgeCut, 'phasorbus'))).toMatchObject(nothing)
    })

    it("in the thesis's crash run", async () => {
      expect(await oneRun(caseOf(crashRun, 'phasorbus'))).toMatchObject(nothing)
    })
  },
)

describe.skipIf(netns.skip || needs('nats-server').skip)(
  netns.title('over three NATS nodes, phasorbus loses and doubles nothing'),
  { timeout: 120_000 },
  () => {
    it.each([
      ['one of them is killed', nodeKilled],
      ['one of them is cut off from the others for a while', clusterSplit],
      ["the thesis's mirroring run is made, shortened", mirroringRun],
    ])('when %s', async (_, fault) => {
      expect(await oneRun(caseOf(fault, 'phasorbus, NATS'))).toMatchObject(nothing)
    })
  },
)

// Its split is in the bench alone: the cluster itself needs minutes to find together again.
describe.skipIf(netns.skip || needs('rabbitmq-server').skip)(netns.title('over three RabbitMQ nodes'), () => {
  it('nothing is lost or doubled when one of them is killed', { timeout: 240_000 }, async () => {
    expect(await oneRun(caseOf(nodeKilled, 'phasorbus, RabbitMQ'))).toMatchObject(nothing)
  })
})
