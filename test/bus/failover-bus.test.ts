import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import {
  BrokerConfig,
  type Bus,
  type FailoverBus,
  StreamProducer,
  StreamReader,
  startBus,
  startFailoverBus,
} from '../../src/bus/index.ts'
import type { Log } from '../../src/runtime/service.ts'
import { nodeStateTopic, nodeTopic, parseNodeState } from '../../src/streams/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { Watched } from '../support/watched.ts'

const mosquitto = needs('mosquitto')
const at = { area: 'a', locationType: 't', locationId: 'l' }
const topic = 'a/t/l/PMU/1'
const retry = { firstDelayMs: 10, maxDelayMs: 100 }
const INTERVAL_MS = 20
/** A machine that stands still for a moment skips no frame: what a move misses is asked here. */
const live = { windowMs: 5000 }

describe.skipIf(mosquitto.skip)(mosquitto.title('a list of brokers'), () => {
  let brokers: TestBroker[]
  let deps: TestDeps
  let moves: { from: string; to: string; reason: string }[]
  let searches: number
  let seen: Watched
  beforeEach(async () => {
    brokers = await Promise.all([startMosquitto(), startMosquitto()])
    moves = []
    searches = 0
    seen = new Watched()
    const log: Log = {
      debug() {},
      info() {},
      error() {},
      warn(facts, message) {
        if (message === 'moved to another broker') moves.push(facts as (typeof moves)[number])
        if (message === 'no broker has the frames that used to come') searches++
        seen.changed()
      },
    }
    deps = testDeps(log)
  })
  afterEach(async () => {
    await deps?.[Symbol.asyncDispose]()
    await Promise.all(brokers.map((each) => each[Symbol.asyncDispose]()))
  })

  const configOf = (url: string): BrokerConfig => BrokerConfig.parse({ url, retry, returnAfterS: 1 })
  const urls = (): string[] => brokers.map(({ url }) => url)
  const consume = (list: readonly string[], nodeId = 'consumer', follow?: FailoverBus): FailoverBus =>
    deps.stops(startFailoverBus(list.map(configOf), { ...deps, node: { ...at, nodeId }, ...(follow && { follow }) }))

  /** A PMU on the bus: a frame every 20 ms to each broker of the list. */
  const produce = (list: readonly string[], stream = topic) => {
    const node = { ...at, nodeId: `producer-${stream.at(-1)}` }
    const buses: Bus[] = list.map((url) => deps.stops(startBus(configOf(url), { ...deps, node })))
    const producers = buses.map(
      (bus) => new StreamProducer({ topic: stream, buses: [bus], node: nodeTopic(node), live }, deps),
    )
    let [configuration, frame, index] = [smallPmu(), frameWriter(smallPmu()), 0]
    const silenced = new Set<number>()
    const configure = (next: ReturnType<typeof smallPmu>): void => {
      configuration = next
      frame = frameWriter(configuration)
      for (const producer of producers) {
        producer.configuration(configurationFrames(configuration))
        producer.state({ online: true, rate: 50 })
      }
    }
    configure(configuration)
    const timer = setInterval(() => {
      const bytes = frame(++index)
      for (const [place, producer] of producers.entries()) if (!silenced.has(place)) producer.data(bytes)
    }, INTERVAL_MS)
    deps.signal.addEventListener('abort', () => clearInterval(timer))
    return { configure, silenced, sent: () => index }
  }

  /** What a reader gets: the number of each frame and when it came. */
  const read = async (bus: FailoverBus) => {
    const frames: {
      readonly stream: string
      readonly index: number
      readonly atMs: number
      readonly station: string
    }[] = []
    let station = ''
    let losses = 0
    const reader = new StreamReader(
      {
        bus,
        filter: 'a/#',
        sink: {
          configuration: (_stream, _fragments, { pmus }) => {
            station = pmus[0]!.stn
          },
          data: (stream, bytes) => {
            frames.push({ stream, index: Buffer.from(bytes).readUInt16BE(16), atMs: performance.now(), station })
            seen.changed()
          },
          lost: () => losses++,
        },
      },
      deps,
    )
    deps.signal.addEventListener('abort', () => reader.close())
    await seen.until(() => frames.length > 0)
    return {
      frames,
      losses: () => losses,
      close: () => reader.close(),
      /** Resolves when so many more have come. */
      more(count: number): Promise<void> {
        const goal = frames.length + count
        return seen.until(() => frames.length >= goal)
      },
    }
  }

  /** Frame numbers that are missing between the first and the last. */
  const missing = (frames: readonly { readonly index: number }[]): number => {
    const numbers = frames.map(({ index }) => index)
    return Math.max(...numbers) - Math.min(...numbers) + 1 - new Set(numbers).size
  }
  const longestWait = (frames: readonly { readonly atMs: number }[]): number =>
    Math.max(...frames.slice(1).map(({ atMs }, i) => atMs - frames[i]!.atMs))
  const movesSoFar = (reason: string): Promise<number> =>
    metricSum(deps.metrics, 'phasorbus_bus_moves_total', { reason })

  it('is live again at once after the nearest is killed, and goes back without a gap when it works again', async () => {
    produce(urls())
    const bus = consume(urls())
    const { frames, more, losses } = await read(bus)
    await more(25)
    expect([bus.active, bus.name, moves]).toEqual([0, urls()[0], []])

    process.kill(brokers[0]!.pid, 'SIGKILL')
    await more(25)
    expect(moves).toMatchObject([{ from: urls()[0], to: urls()[1], reason: 'connection-lost' }])
    expect(longestWait(frames)).toBeLessThan(1000)
    expect([bus.active, losses()]).toEqual([1, 1])

    const afterMove = frames.length
    await brokers[0]!.restart()
    await seen.until(() => moves.length === 2)
    await more(25)
    expect(moves[1]).toMatchObject({ from: urls()[1], to: urls()[0], reason: 'returned' })
    expect([bus.active, losses()]).toEqual([0, 2])
    expect(missing(frames.slice(afterMove))).toBe(0)
    expect(await movesSoFar('returned')).toBe(1)
  })

  it('is left for the next when the nearest stands still and the network is silent', async () => {
    produce(urls())
    const { frames, more } = await read(consume(urls()))
    await more(150)
    process.kill(brokers[0]!.pid, 'SIGSTOP')
    try {
      await seen.until(() => moves.length === 1)
      await more(25)
    } finally {
      process.kill(brokers[0]!.pid, 'SIGCONT')
    }
    // 2 s of silence, then at once; 3 s by the dead connection.
    expect(longestWait(frames)).toBeLessThan(4000)
    await seen.until(() => moves.at(-1)?.reason === 'returned')
  })

  it('uses the next at once when the nearest refuses, and the nearest when both are there', async () => {
    produce(urls())
    const refusing = `mqtt://127.0.0.1:${await freePort()}`
    const begun = performance.now()
    const { frames } = await read(consume([refusing, urls()[1]!]))
    expect(frames[0]!.atMs - begun).toBeLessThan(900)
    expect(moves).toMatchObject([{ reason: 'unreachable' }])

    const { more } = await read(consume(urls(), 'another'))
    await more(5)
    expect(moves).toHaveLength(1)
  })

  it('is left for one that has frames when those of the nearest stop, and not gone back to before they come', async () => {
    const { silenced } = produce(urls())
    const { frames, more } = await read(consume(urls()))
    await more(150)
    silenced.add(0)
    await seen.until(() => moves.length === 1)
    expect(moves[0]).toMatchObject({ reason: 'data-silence' })
    const afterMove = frames.length
    // Longer than it takes to try the nearest again, in vain.
    await more(200)
    expect(moves).toHaveLength(1)
    silenced.delete(0)
    await seen.until(() => moves.length === 2)
    await more(25)
    expect(moves[1]).toMatchObject({ reason: 'returned' })
    expect(missing(frames.slice(afterMove))).toBe(0)
  })

  it('does not take for silence what nobody reads any more, and goes back all the same', async () => {
    produce(urls())
    const bus = consume(urls())
    const { more, close } = await read(bus)
    bus.subscribe('a/t/l/NODE/+/state', () => {})
    process.kill(brokers[0]!.pid, 'SIGKILL')
    await more(150)
    close()
    await brokers[0]!.restart()
    await seen.until(() => moves.length === 2)
    expect(moves[1]).toMatchObject({ reason: 'returned' })
    expect(searches).toBe(0)
  })

  it('has a stream that stopped at the nearest alone from the next, until it comes by the nearest again', async () => {
    produce(urls())
    const stray = 'a/t/l/PMU/2'
    const { silenced } = produce(urls(), stray)
    const bus = consume(urls())
    const { frames } = await read(bus)
    const framesOf = (stream: string) => frames.filter((frame) => frame.stream === stream)
    const moreOf = (stream: string, count: number): Promise<void> => {
      const goal = framesOf(stream).length + count
      return seen.until(() => framesOf(stream).length >= goal)
    }
    await moreOf(stray, 150)
    silenced.add(0)
    await moreOf(stray, 100)
    silenced.delete(0)
    await moreOf(stray, 100)
    // What both brought in between came twice; then by the nearest alone.
    const numbers = framesOf(stray)
      .slice(-50)
      .map(({ index }) => index)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect([bus.active, moves]).toEqual([0, []])
    // 2 s of silence, a look, and a round of it.
    expect(longestWait(framesOf(stray))).toBeLessThan(4000)
    expect(longestWait(framesOf(topic))).toBeLessThan(1000)
    expect(missing(framesOf(topic))).toBe(0)
  })

  it('is not moved about when nobody has frames any more', async () => {
    const { silenced } = produce(urls())
    const bus = consume(urls())
    const { more } = await read(bus)
    await more(150)
    for (const place of [0, 1]) silenced.add(place)
    await seen.until(() => searches > 0)
    silenced.delete(0)
    silenced.delete(1)
    await more(25)
    expect([bus.active, moves]).toEqual([0, []])
  })

  it('is moved seldom while the nearest comes and goes', async () => {
    produce(urls())
    const { frames, more } = await read(consume(urls()))
    await more(10)
    for (let round = 0; round < 4; round++) {
      process.kill(brokers[0]!.pid, 'SIGKILL')
      await more(60)
      await brokers[0]!.restart()
      await more(60)
    }
    // 1 s, 2 s, 4 s: in 10 s it is gone back to twice at most.
    expect(moves.length).toBeLessThanOrEqual(5)
    expect(longestWait(frames)).toBeLessThan(1000)
  })

  it('never lets a frame be read with the configuration that another broker had', async () => {
    const { configure } = produce(urls())
    const { frames, more } = await read(consume(urls()))
    await more(10)
    process.kill(brokers[0]!.pid, 'SIGKILL')
    configure(smallPmu({ stn: 'SECOND', cfgcnt: 2 }))
    await more(20)
    configure(smallPmu({ stn: 'THIRD', cfgcnt: 3 }))
    await brokers[0]!.restart()
    await seen.until(() => moves.length === 2)
    configure(smallPmu({ stn: 'FOURTH', cfgcnt: 4 }))
    await seen.until(() => frames.at(-1)!.station === 'FOURTH')
    // A frame has the station that was in force when it was sent, whichever way it came.
    const stations = new Map<number, Set<string>>()
    for (const { index, station } of frames) stations.set(index, (stations.get(index) ?? new Set()).add(station))
    expect([...stations.values()].filter((each) => each.size > 1)).toEqual([])
    const order = [...stations].toSorted(([a], [b]) => a - b).map(([, each]) => [...each][0])
    expect(order.filter((station, i) => station !== order[i - 1])).toEqual(['Station A', 'SECOND', 'THIRD', 'FOURTH'])
  })

  it('shows the node on every broker, with all of them in its state', async () => {
    const bus = consume(urls())
    const topicOf = nodeStateTopic(nodeTopic({ ...at, nodeId: 'consumer' }))
    const states = new Map<string, ReturnType<typeof parseNodeState>>()
    for (const url of urls()) {
      deps.stops(startBus(configOf(url), deps)).subscribe(topicOf, (_topic, payload) => {
        states.set(url, parseNodeState(payload))
        seen.changed()
      })
    }
    await seen.until(() => states.size === 2 && [...states.values()].every(({ online }) => online))
    expect([...states.values()].map(({ brokers: named }) => named)).toEqual([urls(), urls()])
    expect(bus.members.map(({ name }) => name)).toEqual(urls())
  })

  it('lets another one follow, where it can', async () => {
    produce(urls())
    const leader = consume(urls())
    const follower = consume(urls(), 'follower', leader)
    const { more } = await read(leader)
    await more(10)
    expect([leader.active, follower.active]).toEqual([0, 0])
    process.kill(brokers[0]!.pid, 'SIGKILL')
    await more(25)
    expect([leader.active, follower.active]).toEqual([1, 1])
    await brokers[0]!.restart()
    await seen.until(() => leader.active === 0 && follower.active === 0)
  })

  it('gives nothing to a subscription that was closed, on no broker', async () => {
    produce(urls())
    const bus = consume(urls())
    const { more } = await read(bus)
    let count = 0
    const subscription = bus.subscribe(topic, () => count++)
    await subscription.granted
    await more(5)
    subscription.close()
    const before = count
    process.kill(brokers[0]!.pid, 'SIGKILL')
    await more(25)
    expect(count).toBe(before)
  })
})
