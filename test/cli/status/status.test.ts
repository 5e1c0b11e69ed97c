import { describe, expect, it } from 'vitest'
import { statusObject } from '../../../src/cli/status/status-json.ts'
import { StatusModel } from '../../../src/cli/status/status-model.ts'
import { statusLines } from '../../../src/cli/status/status-view.ts'
import { createStyle } from '../../../src/cli/terminal/style.ts'
import {
  type AccountJson,
  CONTRACT,
  encodeState,
  type NodeState,
  type StreamState,
} from '../../../src/streams/index.ts'

const NODE = 'south/secondary-station/1156/NODE/adapter'
const PDC = 'south/pop/7/NODE/pop'
const STREAM = 'south/secondary-station/1156/PMU/765'
const plain = createStyle({ isTTY: false }, {})

const account: AccountJson = {
  expected: 100,
  live: 90,
  late: 4,
  never_produced: 1,
  not_received: { silent: 2 },
  lost: { 'crash-window': 1 },
  pending: 2,
  outside: { stale: 5 },
  duplicates: 3,
  conflicts: 1,
}
const node = (more: Partial<NodeState> = {}): Uint8Array =>
  encodeState({
    contract: CONTRACT,
    online: true,
    since: '2026-11-22T12:00:00.000Z',
    brokers: ['mqtt://10.0.0.2:1883'],
    streams: [STREAM],
    ...more,
  })
const state = (more: Partial<StreamState> = {}): Uint8Array =>
  encodeState({
    contract: CONTRACT,
    online: true,
    rate: 50,
    node: NODE,
    journal: { from: '2026-11-22T12:00:00.000Z', to: '2026-11-22T15:12:00.000Z' },
    ...more,
  })

function modelOf(...messages: readonly (readonly [topic: string, payload: Uint8Array | string])[]): StatusModel {
  const model = new StatusModel()
  for (const [topic, payload] of messages) {
    model.message(topic, typeof payload === 'string' ? new TextEncoder().encode(payload) : payload)
  }
  return model
}
const textOf = (model: StatusModel): string => statusLines(model, plain).join('\n')

describe('phasorbus status', () => {
  it('shows of PDCs how complete their frames are, and which inputs they went without', () => {
    const pdc = {
      inputs: 2,
      pmus: 5,
      frames: { complete: 995, partial: 4, empty: 1, revised: 3 },
      latency_ms: { min: 1, mean: 20, p99: 104.25, max: 120 },
      final: '2026-11-22T15:11:58.500Z',
      unused: { late: 3, duplicate: 2 },
      errors: { 'bad-checksum': 1 },
      missed: { [STREAM]: 4 },
    }
    const stream = 'south/pop/7/PDC/1'
    const model = modelOf([`${stream}/state/pop`, state({ node: PDC, pdc })])
    const text = textOf(model)
    expect(text).toMatch(
      /^PDCs\n.*\n {2}south\/pop\/7\/PDC\/1 +99\.5 % +4 +1 +3 +5\/2 +104\.3 ms +2026-11-22 15:11:58$/m,
    )
    expect(text).toContain(`  ${stream} went without ${STREAM} 4`)
    expect(text).toContain(`  ${stream} unused: late 3, duplicate 2; errors: bad-checksum 1`)
    expect(statusObject(model)).toMatchObject({ streams: [{ stream, nodes: [{ pdc }] }] })
    expect(
      modelOf([`${stream}/state/pop`, state({ node: PDC, pdc: { ...pdc, inputs: 'two' } as never })]).unreadable.size,
    ).toBe(1)
  })

  it('shows nodes, streams, and what became of every timestamp', () => {
    const model = modelOf(
      [`${NODE}/state`, node()],
      [`${STREAM}/state/adapter`, state()],
      [`${PDC}/state`, node({ consumers: { 'pdc-1': { [STREAM]: account } } })],
    )
    const text = textOf(model)
    expect(text).toMatch(/south\/secondary-station\/1156\/NODE\/adapter +online +since 2026-11-22 12:00:00 +mqtt/)
    expect(text).toMatch(/PMU\/765 +online +50 +2026-11-22 12:00:00 and 3.2 h +adapter/)
    expect(text).toMatch(/consumer pdc-1 at south\/pop\/7\/NODE\/pop/)
    expect(text).toMatch(/PMU\/765 +1 +2 +100 +90 +4 +1 +2\n/)
    expect(text).toContain('not received: silent: 2')
    expect(text).toContain('lost: killed before it was written: 1')
    expect(text).toContain('outside: too old when it came: 5')
    expect(text).toContain('1 conflict')
    expect(text).toMatch(/1 timestamp lost\n2 timestamps pending/)
    expect(statusObject(model)).toMatchObject({
      lost: 1,
      pending: 2,
      streams: [{ stream: STREAM, online: true, rate: 50 }],
      consumers: [{ consumer: 'pdc-1', streams: { [STREAM]: account }, total: account }],
    })
  })

  it('adds up the streams of a consumer', () => {
    const other = 'south/secondary-station/1156/PMU/766'
    const model = modelOf([
      `${PDC}/state`,
      node({ consumers: { 'pdc-1': { [STREAM]: account, [other]: { ...account, lost: { expired: 7 } } } } }),
    ])
    expect(model.consumers[0]?.total).toMatchObject({
      expected: 200,
      lost: { 'crash-window': 1, expired: 7 },
      not_received: { silent: 4 },
    })
    expect(textOf(model)).toMatch(/total +8 +4 +200 +180 +8 +2 +4\n/)
  })

  it('does not say that nothing is lost of what nobody counts', () => {
    const none = {
      ...account,
      expected: 0,
      live: 0,
      late: 0,
      never_produced: 0,
      not_received: {},
      lost: {},
      pending: 0,
    }
    const shown = (outside: Record<string, number>): string =>
      textOf(modelOf([`${PDC}/state`, node({ consumers: { 'pdc-1': { [STREAM]: { ...none, outside } } } })]))
    expect(shown({})).toContain('nothing is expected yet: no PDC has taken a frame')
    expect(shown({ stale: 157 })).toMatch(/outside: too old when it came: 157.*\n157 frames outside the accounts/s)
    expect(shown({}) + shown({ stale: 157 })).not.toContain('nothing lost')
  })

  it('says that nothing is lost where nothing is', () => {
    const whole = { ...account, expected: 97, lost: {}, pending: 0 }
    const text = textOf(modelOf([`${PDC}/state`, node({ consumers: { 'pdc-1': { [STREAM]: whole } } })]))
    expect(text).toContain('nothing lost')
    expect(text).not.toContain('pending: not delivered')
    expect(text).toContain('5 frames outside the accounts: clocks that differ')
  })

  it('takes a stream as online only when its node is, too', () => {
    const dead = node({ online: false, reason: 'connection lost' })
    const model = modelOf([`${STREAM}/state/adapter`, state()], [`${NODE}/state`, dead])
    expect(model.streams[0]?.online).toBe(false)
    expect(textOf(model)).toContain('offline: its node is offline')
    model.message(`${STREAM}/state/other`, state({ node: 'south/secondary-station/1156/NODE/other' }))
    expect(model.streams[0]?.online).toBe(true)
    expect(textOf(model)).toContain('adapter, other')
  })

  it('does not believe the will that a node left at another broker', () => {
    const will = node({ online: false, reason: 'connection lost' })
    for (const order of [
      [will, node()],
      [node(), will],
    ]) {
      const model = modelOf(...order.map((payload) => [`${NODE}/state`, payload] as const))
      expect(model.nodes[0]?.[1].online).toBe(true)
    }
    const later = node({ online: false, reason: 'stopped', since: '2026-11-22T13:00:00.000Z' })
    expect(modelOf([`${NODE}/state`, node()], [`${NODE}/state`, later]).nodes[0]?.[1].online).toBe(false)
  })

  it('forgets what is retired, and names what it cannot read', () => {
    const model = modelOf(
      [`${NODE}/state`, node()],
      [`${STREAM}/state/adapter`, state()],
      [`${STREAM}/state/adapter`, ''],
      [`${PDC}/state`, '{"contract":1,"online":true,"since":"x","consumers":{"pdc":{"a":1}}}'],
      [`${PDC}/state/with/more`, 'of another contract'],
    )
    expect(model.streams).toEqual([])
    expect(model.nodes).toHaveLength(1)
    expect(textOf(model)).toMatch(/pop\/7\/NODE\/pop\/state: no document of this contract/)
  })

  it('does not let others command the terminal', () => {
    const text = textOf(
      modelOf(
        [`${NODE}/state`, node({ online: false, reason: '\x1b[2Jgone', brokers: ['mqtt://\x1b[31m'] })],
        [`${STREAM}/state/adapter`, state({ online: false, reason: 'a\nb' })],
      ),
    )
    expect(text).not.toContain('\x1b')
    expect(text).not.toContain('a\nb')
  })
})
