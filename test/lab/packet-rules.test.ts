import { describe, expect, it } from 'vitest'
import { packetRules, pairOf } from '../../bench/lab/packet-rules.ts'

const port = (host: string): string => `port-${host}`
const rulesIn = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('iifname'))

describe('the rules of the lab’s bridge', () => {
  it('drop everything between two hosts that are cut apart, both ways', () => {
    expect(rulesIn(packetRules([pairOf('site', 'broker')], [], port))).toEqual([
      'iifname "port-broker" oifname "port-site" drop',
      'iifname "port-site" oifname "port-broker" drop',
    ])
  })

  it('know a pair in either order', () => {
    expect(pairOf('a', 'b')).toBe(pairOf('b', 'a'))
  })

  it('lose a share of IP packets each way, and leave ARP alone', () => {
    expect(rulesIn(packetRules([], [{ from: 'a', to: 'b', percent: 30 }], port))).toEqual([
      'iifname "port-a" oifname "port-b" ether type ip numgen random mod 100 < 30 drop',
      'iifname "port-b" oifname "port-a" ether type ip numgen random mod 100 < 30 drop',
    ])
  })

  it('are none where nothing is lost', () => {
    expect(rulesIn(packetRules([], [{ from: 'a', to: 'b', percent: 0 }], port))).toEqual([])
  })

  it('take the place of those before them in one transaction', () => {
    expect(packetRules([], [], port).split('\n').slice(0, 3)).toEqual([
      'table bridge lab',
      'delete table bridge lab',
      'table bridge lab {',
    ])
  })
})
