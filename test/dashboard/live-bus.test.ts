import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { connectLiveBus } from '../../dashboard/src/live/live-bus.ts'
import { LiveScene } from '../../dashboard/src/live/live-scene.ts'
import { absent } from '../../dashboard/src/parts/format.ts'
import { stationsOf } from '../../dashboard/src/parts/station.ts'
import { CONTRACT, encodeState, type NodeState, nodeStateTopic, stateTopic } from '../../src/streams/index.ts'
import { blueFrame, bluePmu } from '../support/live-frames.ts'
import { type ScriptedBroker, startScriptedBroker } from '../support/scripted-broker.ts'
import { Watched } from '../support/watched.ts'
import { startWebSocketFront } from '../support/web-socket-front.ts'

const pmu = 'area/substation/1/PMU/7'
const nodes = ['area/substation/1/NODE/stays', 'area/substation/1/NODE/vanishes'] as const
const filters = ['area/+/+/PMU/+', 'area/+/+/+/+/state/+', 'area/+/+/NODE/+/state']

const nodeState: NodeState = {
  ...{ contract: CONTRACT, online: true, since: '2026-01-05T12:00:00Z', brokers: [], streams: [] },
}

async function brokerForPages() {
  const broker = await startScriptedBroker()
  const front = await startWebSocketFront(broker.url)
  onTestFinished(async () => {
    await front[Symbol.asyncDispose]()
    await broker[Symbol.asyncDispose]()
  })
  return { broker, url: front.url }
}

async function scene() {
  const { broker, url } = await brokerForPages()
  const seen = new Watched()
  const live = new LiveScene({ url, areas: ['area'] }, undefined, () => seen.changed())
  onTestFinished(() => live.bus!.end())
  /** Until it is connected so many times, and has asked for all. */
  const asked = (times: number): Promise<void> =>
    broker.seen.until(() => broker.subscribed.length >= filters.length * times)
  return { broker, live, seen, asked }
}

/** As a broker gives what it retains. */
function tell(broker: ScriptedBroker, node: string): void {
  const nodeId = node.split('/').at(-1)!
  const stream = { contract: CONTRACT, online: true, rate: 50, node, journal: null } as const
  broker.send(nodeStateTopic(node), encodeState(nodeState), { retain: true })
  broker.send(stateTopic(pmu, nodeId), encodeState(stream), { retain: true })
}

describe('the connection of a page', () => {
  beforeEach(() => {
    vi.stubGlobal('location', { href: 'http://127.0.0.1/' })
    return () => vi.unstubAllGlobals()
  })

  it('is tried again when it was refused, and tells why it is not there', async () => {
    const { broker, url } = await brokerForPages()
    broker.connacks.push(3, 5)
    const seen = new Watched()
    const troubles: (string | undefined)[] = []
    const changed = (): void => {
      troubles.push(bus.trouble)
      seen.changed()
    }
    const bus = connectLiveBus({ url, areas: [] }, undefined, { message() {}, changed })
    onTestFinished(() => bus.end())
    await seen.until(() => bus.isConnected)
    expect(troubles).toEqual([
      'Connection refused: Server unavailable',
      'Connection refused: Not authorized',
      undefined,
    ])
    broker.cut()
    await seen.until(() => !bus.isConnected)
    expect(bus.trouble).toBe(`no connection to ${new URL(url).host}`)
  })

  it('tells a subscription that is refused, and has all others, also when it is made anew', async () => {
    const { broker, live, seen, asked } = await scene()
    broker.refusals.set(filters[1]!, 2)
    await seen.until(() => live.bus!.trouble !== undefined && live.isConnected)
    expect(live.bus!.trouble).toBe('the broker refuses area/+/+/+/+/state/+')
    await asked(1)
    for (const times of [2, 3]) {
      broker.cut()
      await asked(times)
    }
    expect(broker.subscribed).toEqual([...filters, ...filters, ...filters])
    await seen.until(() => live.isConnected && live.bus!.trouble === undefined)
  })

  it('asks for a PDC as long as it is looked at, on each connection', async () => {
    const { broker, live, asked } = await scene()
    const pdc = 'area/control-center/1/PDC/1'
    await asked(1)
    const end = live.follow(pdc)
    await broker.seen.until(() => broker.subscribed.includes(pdc))
    broker.cut()
    await broker.seen.until(() => broker.subscribed.filter((filter) => filter === pdc).length === 2)
    end()
    broker.cut()
    await broker.seen.until(() => broker.subscribed.length === 3 * filters.length + 2)
    expect(broker.subscribed.slice(-filters.length)).toEqual(filters)
  })

  it('when it is lost, leaves nothing known; then what is not told again is no more', async () => {
    const { broker, live, seen, asked } = await scene()
    await asked(1)
    broker.send(pmu, bluePmu(7), { retain: true })
    for (const node of nodes) tell(broker, node)
    broker.send(pmu, blueFrame(7, Date.now()))
    await vi.waitUntil(() => live.find(pmu)?.isOnline)
    const stream = live.find(pmu)!
    const confirmed = (): readonly string[] => nodes.filter((node) => live.isConfirmed(node))
    expect(confirmed()).toEqual(nodes)

    broker.cut()
    await seen.until(() => !live.isConnected)
    expect([stream.isOnline, stream.isFlowing, stream.confirmed.size, confirmed()]).toEqual([false, false, 0, []])
    expect(absent(stream)).toMatch(/^□ not known, last \d+ s ago$/)
    expect(stationsOf(live, []).stations).toMatchObject([{ absence: 'not known', isOnline: false }])
    expect([live.nodes.size, stream.states.size]).toEqual([2, 2])

    await asked(2)
    broker.send(pmu, bluePmu(7), { retain: true })
    broker.send(pmu, blueFrame(7, Date.now()))
    await vi.waitUntil(() => stream.isFlowing)
    expect(stream.isOnline).toBe(false)
    tell(broker, nodes[0])
    await vi.waitUntil(() => stream.isOnline)
    expect(stream.isUntold).toBe(false)
    expect([confirmed(), [...stream.confirmed.keys()]]).toEqual([[nodes[0]], ['stays']])
    expect(live.isTold).toBe(false)
    await vi.waitUntil(() => live.isTold, { timeout: 20_000 })
    expect([[...live.nodes.keys()], [...stream.states.keys()]]).toEqual([[nodes[0]], ['stays']])
  })
})
