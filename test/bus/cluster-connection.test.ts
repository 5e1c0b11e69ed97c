import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerConfig, clientIdOf, startBus, startFailoverBus } from '../../src/bus/index.ts'
import { offlineNode } from '../../src/bus/node-presence.ts'
import { RenewalPace } from '../../src/bus/renewal-pace.ts'
import { nodeStateTopic, nodeTopic, parseNodeState } from '../../src/streams/index.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { type ScriptedBroker, startScriptedBroker } from '../support/scripted-broker.ts'

const node = { area: 'a', locationType: 't', locationId: 'l', nodeId: 'n' }
const id = clientIdOf(node)
const stateTopic = nodeStateTopic(nodeTopic(node))

describe('a connection to a cluster of two nodes', () => {
  let first: ScriptedBroker
  let second: ScriptedBroker
  let deps: TestDeps
  beforeEach(async () => {
    ;[first, second] = await Promise.all([startScriptedBroker(), startScriptedBroker()])
    deps = testDeps()
  })
  afterEach(async () => {
    await deps[Symbol.asyncDispose]()
    await Promise.all([first, second].map((each) => each[Symbol.asyncDispose]()))
  })

  const config = () =>
    BrokerConfig.parse({
      url: [first.url, second.url],
      retry: { firstDelayMs: 10, maxDelayMs: 50 },
      returnAfterS: 300,
    })
  const startOne = () => deps.stops(startBus(config(), { ...deps, node }))

  it('has a client id of its own at each, and clears what was cut under the other', async () => {
    startOne()
    await first.seen.until(() => first.clientIds.includes(id))
    first.cut()
    await second.seen.until(() => second.clientIds.includes(`${id}_at1`))
    await first.seen.until(() => first.goodbyes.includes(id))
    expect(second.clientIds).not.toContain(id)
  })

  it('says that the node is online when a will that comes late says it is not', async () => {
    startOne()
    await first.seen.until(() => first.subscribed.includes(stateTopic) && first.published.length === 1)
    const presence = { since: new Date(0), brokers: [first.url] }
    first.send(stateTopic, offlineNode(node, presence, 'connection lost'))
    await first.seen.until(() => first.published.length === 2)
    expect(first.published[1]!.topic).toBe(stateTopic)
    expect(parseNodeState(first.published[1]!.payload).online).toBe(true)
  })

  it('is made anew at the next when asked to, with its subscriptions, and not again at once', async () => {
    const bus = startOne()
    bus.subscribe('a/x', () => {})
    await first.seen.until(() => first.subscribed.includes('a/x'))
    expect(bus.renew?.()).toBe(true)
    await second.seen.until(() => second.subscribed.includes('a/x'))
    expect(first.goodbyes).toContain(id)
    expect(bus.renew?.()).toBe(false)
  })

  it('asks again for a subscription that was refused', async () => {
    first.refusals.set('a/x', 1)
    const bus = startOne()
    let grants = 0
    const { granted } = bus.subscribe('a/x', () => {}, {
      onGranted: () => {
        grants++
        first.seen.changed()
      },
    })
    await expect(granted).rejects.toMatchObject({ code: 'BUS_SUBSCRIPTION_REFUSED' })
    await first.seen.until(() => grants === 1)
    expect(first.subscribed.filter((filter) => filter === 'a/x')).toHaveLength(2)
  })

  it('goes to the next when frames that used to come do not, though the node answers', async () => {
    const bus = deps.stops(startFailoverBus([config()], { ...deps, node }))
    let frames = 0
    bus.subscribe('a/x', () => {
      frames++
      first.seen.changed()
    })
    await first.seen.until(() => first.subscribed.includes('a/x'))
    const timer = setInterval(() => first.send('a/x', Uint8Array.of(0xaa, 0x01, 0, 0)), 20)
    try {
      await first.seen.until(() => frames > 200)
    } finally {
      clearInterval(timer)
    }
    expect(second.subscribed).toEqual([])
    await second.seen.until(() => second.subscribed.includes('a/x'))
  }, 20_000)
})

it('a connection is made anew every 5 s at most, twice as seldom each time, to once a minute', () => {
  const pace = new RenewalPace()
  const taken: number[] = []
  for (let s = 0; s <= 300; s++) if (pace.take(s * 1000)) taken.push(s)
  expect(taken).toEqual([0, 5, 15, 35, 75, 135, 195, 255])
  expect(pace.take(600_000)).toBe(true)
  expect(pace.take(604_000)).toBe(false)
  expect(pace.take(605_000)).toBe(true)
})
