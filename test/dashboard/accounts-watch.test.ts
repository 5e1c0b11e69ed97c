import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AccountsWatch } from '../../dashboard/src/live/accounts-watch.ts'
import { type AccountJson, CONTRACT, type NodeState } from '../../src/streams/index.ts'

const node = 'area/control-center/1/NODE/adapter'
const stream = 'area/secondary-station/1/PMU/7'
const account = (live: number): AccountJson => ({
  ...{ expected: live, live, late: 0, never_produced: 0, not_received: {}, lost: {}, pending: 0 },
  ...{ outside: {}, duplicates: 0, conflicts: 0 },
})
const online = (live: number): NodeState => ({
  ...{ contract: CONTRACT, online: true, since: '2026-01-05T12:00:00Z', brokers: [], streams: [] },
  consumers: { 'pdc-1': { [stream]: account(live) } },
})
const { consumers: _, ...silent } = online(0)
const offline: NodeState = { ...silent, online: false, reason: 'connection lost' }

/** A bus of which a test says what it knows. */
class Heard {
  readonly nodes = new Map<string, NodeState>()
  isConnected = true
  readonly unconfirmed = new Set<string>()
  isConfirmed = (of: string): boolean => this.nodes.has(of) && !this.unconfirmed.has(of)
}

const nowS = (): number => Date.now() / 1000

describe('accounts that nodes tell', () => {
  const heard = (): { readonly live: Heard; readonly accounts: AccountsWatch } => {
    const live = new Heard()
    return { live, accounts: AccountsWatch.start(live) }
  }
  const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 1000)
  const consumerOf = (accounts: AccountsWatch) => accounts.consumers.find((each) => each.node === node)!
  /** Times of all looks at it. */
  const looks = (accounts: AccountsWatch): number => consumerOf(accounts).watch.history.of(stream).length
  const old = (accounts: AccountsWatch) => {
    const consumer = consumerOf(accounts)
    const ageS = consumer.watch.oldS(stream, nowS())
    return ageS === undefined ? undefined : [Math.round(ageS), accounts.whyOld(consumer)]
  }

  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('sessionStorage', { getItem: () => null })
    vi.stubGlobal('fetch', async () => Response.json({ [stream]: account(1) }))
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('are looked at once each time that they are told', async () => {
    const { live, accounts } = heard()
    live.nodes.set(node, online(100))
    await seconds(10)
    expect(looks(accounts)).toBe(1)
    live.nodes.set(node, online(200))
    await seconds(10)
    expect(looks(accounts)).toBe(2)
    expect(consumerOf(accounts).watch.account(stream)!.live).toBe(200)
    const [historian] = accounts.consumers
    expect(historian!.watch.history.of(stream).length).toBeGreaterThan(15)
  })

  it('are not looked at of a node that was heard before the connection was lost', async () => {
    const { live, accounts } = heard()
    live.nodes.set(node, online(100))
    await seconds(1)
    live.nodes.set(node, online(200))
    live.isConnected = false
    await seconds(5)
    live.isConnected = true
    live.unconfirmed.add(node)
    await seconds(5)
    expect(looks(accounts)).toBe(1)
    live.unconfirmed.clear()
    await seconds(1)
    expect(looks(accounts)).toBe(2)
  })

  it('are old after fifteen seconds, and it is told why', async () => {
    const { live, accounts } = heard()
    live.nodes.set(node, online(100))
    await seconds(14)
    expect(old(accounts)).toBeUndefined()
    await seconds(6)
    expect(old(accounts)).toEqual([20, 'its node is online, and has told nothing new of it'])
    live.nodes.set(node, offline)
    await seconds(20)
    expect(old(accounts)).toEqual([40, 'its node is offline'])
    expect(consumerOf(accounts).watch.account(stream)!.live).toBe(100)
    live.isConnected = false
    expect(old(accounts)![1]).toBe('this page has no connection to the bus')
    live.isConnected = true
    live.nodes.delete(node)
    expect(old(accounts)![1]).toBe('its node is not known any more')
    live.nodes.set(node, online(300))
    await seconds(1)
    expect(old(accounts)).toBeUndefined()
  })

  it('are old of the historian, too, when it does not tell', async () => {
    const { accounts } = heard()
    await seconds(2)
    const [historian] = accounts.consumers
    expect(historian!.watch.oldS(stream, nowS())).toBeUndefined()
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no way')))
    await seconds(30)
    expect(historian!.watch.oldS(stream, nowS())).toBeGreaterThanOrEqual(29)
    expect(accounts.whyOld(historian!)).toBe('the historian does not tell')
  })
})
