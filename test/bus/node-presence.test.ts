import { expect, it } from 'vitest'
import { offlineNode, willOf } from '../../src/bus/node-presence.ts'
import { parseNodeState } from '../../src/streams/index.ts'

const node = (count: number) => ({
  area: 'area',
  locationType: 'secondary-station',
  locationId: '1',
  nodeId: 'node',
  streams: Array.from({ length: count }, (_, i) => `area/secondary-station/1/PMU/${i}`),
})
const presence = { since: new Date(0), brokers: ['mqtt://10.0.0.2:1883'] }

it('a will names the streams of the node', () => {
  const will = parseNodeState(willOf(node(3), presence))
  expect(will).toMatchObject({ online: false, reason: 'connection lost', streams: node(3).streams })
})

it('a will is never longer than MQTT can say, however many streams there are', () => {
  expect(offlineNode(node(5000), presence, 'stopped').length).toBeGreaterThan(65_535)
  const will = willOf(node(5000), presence)
  expect(will.length).toBeLessThanOrEqual(65_535)
  expect(parseNodeState(will)).toMatchObject({ online: false, brokers: presence.brokers, streams: [] })
})
