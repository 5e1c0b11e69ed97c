import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CONTRACT,
  ContractError,
  encodeState,
  type NodeState,
  parseNodeState,
  parseStreamState,
  type StreamState,
} from '../../src/streams/index.ts'

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

const withRevised = (revised: unknown): unknown => ({
  contract: 1,
  online: true,
  node: 'a/b/c/NODE/n',
  journal: { from: 'x', to: 'y', revised },
})

describe('the JSON of the contract', () => {
  it.each<StreamState>([
    { contract: CONTRACT, online: true, rate: 50, node: 'a/b/c/NODE/n', journal: null },
    {
      contract: CONTRACT,
      online: false,
      reason: 'stopped',
      rate: null,
      node: 'a/b/c/NODE/n',
      journal: { from: 'x', to: 'y' },
    },
    {
      contract: CONTRACT,
      online: true,
      rate: 50,
      node: 'a/b/c/NODE/n',
      journal: {
        from: 'x',
        to: 'y',
        revised: { stream: 'a/b/c/PDC-revised/1', ranges: [{ number: 1, from_us: 10, to_us: 20 }] },
      },
    },
  ])('comes back as a stream state', (state) => {
    expect(parseStreamState(encodeState(state))).toEqual(state)
  })

  it.each<NodeState>([
    {
      contract: CONTRACT,
      online: true,
      since: '2026-01-01T00:00:00.000Z',
      brokers: ['mqtt://b:1'],
      streams: ['a/b/c/PMU/1'],
    },
    { contract: CONTRACT, online: false, reason: 'connection lost', since: 'x', brokers: [], streams: [] },
  ])('comes back as a node state', (state) => {
    expect(parseNodeState(encodeState(state))).toEqual(state)
  })

  it('may have fields of a later day', () => {
    expect(parseStreamState(text({ contract: 1, online: true, node: 'a/b/c/NODE/n', colour: 'red' }))).toMatchObject({
      online: true,
    })
  })

  it.each([
    ['another contract', { contract: 2, online: true }],
    ['no contract', { online: true }],
    ['online that is no boolean', { contract: 1, online: 'yes' }],
    ['a rate of 0', { contract: 1, online: true, rate: 0, node: 'a/b/c/NODE/n' }],
    ['no node', { contract: 1, online: true }],
    ['a node that is a stream', { contract: 1, online: true, node: 'a/b/c/PMU/1' }],
    ['a node that is a filter', { contract: 1, online: true, node: '+/+/+/NODE/+' }],
    ['half a journal', { contract: 1, online: true, node: 'a/b/c/NODE/n', journal: { from: 'x' } }],
    ['revised frames of no stream', withRevised({ ranges: [] })],
    ['revised frames of another site', withRevised({ stream: 'x/b/c/PDC-revised/1', ranges: [] })],
    [
      'a revised range beyond all time',
      withRevised({ stream: 'a/b/c/PDC-revised/1', ranges: [{ number: 1, from_us: 1, to_us: 9e15 }] }),
    ],
    ['revised frames of a filter', withRevised({ stream: 'a/+/c/PDC/1', ranges: [] })],
    ['revised ranges that are none', withRevised({ stream: 'a/b/c/PDC-revised/1', ranges: 'all' })],
    [
      'a revised range that ends before it begins',
      withRevised({ stream: 'a/b/c/PDC-revised/1', ranges: [{ number: 1, from_us: 2, to_us: 1 }] }),
    ],
    ['a list', []],
    ['null', null],
  ])('is refused with %s', (_case, value) => {
    expect(() => parseStreamState(text(value))).toThrow(ContractError)
  })

  it('fails only with ContractError, whatever the bytes', () => {
    const anything = fc.oneof(
      fc.uint8Array(),
      fc.json().map((json) => new TextEncoder().encode(json)),
    )
    fc.assert(
      fc.property(anything, (bytes) => {
        for (const parse of [parseStreamState, parseNodeState]) {
          try {
            parse(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(ContractError)
          }
        }
      }),
    )
  })
})
