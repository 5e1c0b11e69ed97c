import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveNodes, MAX_NODES } from '../../dashboard/src/live/live-nodes.ts'
import { LiveStreams, MAX_STREAMS } from '../../dashboard/src/live/live-streams.ts'
import { RingRoom } from '../../dashboard/src/scene/ring-room.ts'
import { encodeConfiguration } from '../../src/c37118/index.ts'
import { CONTRACT, encodeState, type NodeState, type StreamState } from '../../src/streams/index.ts'
import { bluePmu } from '../support/live-frames.ts'
import { frameWriter, smallPmu } from '../support/stream-frames.ts'

const topicOf = (n: number): string => `area/secondary-station/1/PMU/${n}`
const configuration = smallPmu({ stn: 'Mill Lane', dataRate: 50 })
const [described] = encodeConfiguration(configuration) as [Uint8Array]
const frame = frameWriter(configuration)
const nothing = new Uint8Array()

const state = (online: boolean): StreamState => ({
  ...{ contract: CONTRACT, online, rate: 50, node: 'area/s/1/NODE/n', journal: null },
  ...(!online && { reason: 'stopped' }),
})
const node = (online: boolean, reason = 'x'): NodeState => ({
  ...{ contract: CONTRACT, online, since: '2026-01-05T12:00:00Z', brokers: [], streams: [] },
  ...(!online && { reason }),
})

describe('whoever invents streams', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  it('makes a page hold 16 MiB of frames without a configuration, of all streams together', () => {
    const streams = new LiveStreams()
    // 150 MB that wait.
    const large = frameWriter(smallPmu({ phasors: 7400 }))(0)
    for (let n = 0; n < 300; n++) for (let more = 0; more < 17; more++) streams.frames(topicOf(n), large, false)
    expect(large.length).toBeGreaterThan(29_000)
    expect(streams.heldBytes).toBeLessThanOrEqual(16 * 2 ** 20)
    for (const { topic } of streams.all) streams.frames(topic, nothing, true)
    expect(streams.heldBytes).toBe(0)
  })

  it('finds no room for more values: later streams have shorter rings, then none, until others are retired', () => {
    const order = ['whole', 'short', 'none']
    const rings = new RingRoom(1_000_000)
    const streams = new LiveStreams(rings)
    for (let n = 0; n < 8; n++) {
      streams.frames(topicOf(n), described, true)
      for (let index = 0; index < 5; index++) streams.frames(topicOf(n), frame(index), false)
      expect(rings.usedBytes).toBeLessThanOrEqual(1_000_000)
    }
    const kinds = streams.all.map(({ buffer, hasNoRoom }) => (hasNoRoom ? 'none' : buffer?.isShort ? 'short' : 'whole'))
    expect(new Set(kinds)).toEqual(new Set(['whole', 'short', 'none']))
    expect(kinds).toEqual(kinds.toSorted((one, other) => order.indexOf(one) - order.indexOf(other)))
    for (const { topic } of streams.all) streams.frames(topic, nothing, true)
    expect(rings.usedBytes).toBe(0)
    streams.frames(topicOf(0), described, true)
    expect(streams.find(topicOf(0))!.buffer!.isShort).toBe(false)
  })

  it('gets no place beyond 512, until one is silent for ten minutes that nobody carries', () => {
    const streams = new LiveStreams()
    for (let n = 0; n < MAX_STREAMS; n++) streams.state(topicOf(n), 'n', encodeState(state(true)))
    const late = topicOf(9999)
    streams.frames(late, bluePmu(1), true)
    expect([streams.all.length, streams.find(late), streams.refused]).toEqual([MAX_STREAMS, undefined, 1])
    vi.advanceTimersByTime(600_000)
    streams.frames(late, bluePmu(1), true)
    expect(streams.find(late)).toBeUndefined()
    streams.state(topicOf(7), 'n', nothing)
    streams.state(topicOf(8), 'n', encodeState(state(false)))
    streams.frames(late, bluePmu(1), true)
    streams.frames(topicOf(10_000), bluePmu(1), true)
    expect([late, topicOf(10_000), topicOf(7), topicOf(8)].map((topic) => streams.find(topic) !== undefined)).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(streams.all.length).toBe(MAX_STREAMS)
  })

  it('has sixteen nodes of a stream, and states of 64 KiB; an end of what nobody knows is no stream', () => {
    const streams = new LiveStreams()
    streams.state(topicOf(1), 'n', nothing)
    expect(streams.all).toEqual([])
    for (let n = 0; n < 16; n++) streams.state(topicOf(1), `n${n}`, encodeState(state(true)))
    expect(() => streams.state(topicOf(1), 'n16', encodeState(state(true)))).toThrow('16 nodes')
    streams.state(topicOf(1), 'n3', encodeState(state(false)))
    const long = encodeState({ ...state(false), reason: 'x'.repeat(65_536) })
    expect(() => streams.state(topicOf(1), 'n3', long)).toThrow('64 KiB')
    expect(streams.find(topicOf(1))!.states.size).toBe(16)
  })
})

describe('whoever invents nodes', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  it('gets no place beyond 256, until one was offline for ten minutes', () => {
    const nodes = new LiveNodes()
    for (let n = 0; n < MAX_NODES; n++) nodes.heard(`a/s/1/NODE/${n}`, encodeState(node(n !== 5)))
    vi.advanceTimersByTime(599_000)
    expect(() => nodes.heard('a/s/1/NODE/new', encodeState(node(true)))).toThrow('256 nodes')
    vi.advanceTimersByTime(1000)
    nodes.heard('a/s/1/NODE/new', encodeState(node(true)))
    expect([nodes.states.size, nodes.states.has('a/s/1/NODE/5')]).toEqual([MAX_NODES, false])
  })

  it('has states of 32 MiB in all', () => {
    const nodes = new LiveNodes()
    const large = encodeState(node(false, 'x'.repeat(1_000_000)))
    const heard = (n: number): void => nodes.heard(`a/s/1/NODE/${n}`, large)
    for (let n = 0; n < 33; n++) heard(n)
    expect(() => heard(33)).toThrow('32 MiB')
    nodes.heard('a/s/1/NODE/3', nothing)
    heard(33)
    heard(33)
    expect(nodes.states.size).toBe(33)
  })
})
