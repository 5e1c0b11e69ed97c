import { expect, it } from 'vitest'
import {
  type AccountJson,
  accountJson,
  CONTRACT,
  ContractError,
  encodeState,
  parseConsumers,
  parseNodeState,
} from '../../src/streams/index.ts'

const json: AccountJson = {
  expected: 10,
  live: 5,
  late: 1,
  never_produced: 1,
  not_received: { silent: 1 },
  lost: { expired: 1 },
  pending: 1,
  outside: { stale: 4 },
  duplicates: 2,
  conflicts: 3,
}
const consumers = { 'pdc-1': { 'a/b/c/PMU/1': json } }

it('an account comes back from a node’s state as it was told', () => {
  const { never_produced: neverProduced, not_received: notReceived, ...same } = json
  expect(accountJson({ ...same, neverProduced, notReceived })).toEqual(json)
  const state = {
    contract: CONTRACT,
    online: true,
    since: '2026-11-22T12:00:00.000Z',
    brokers: [],
    streams: [],
    consumers,
  } as const
  expect(parseNodeState(encodeState(state))).toEqual(state)
})

it('fields of a later contract are let pass', () => {
  expect(parseConsumers({ 'pdc-1': { 'a/b/c/PMU/1': { ...json, later: [1] } } })).toEqual(consumers)
})

it.each([
  [null],
  [[]],
  ['text'],
  [{ 'no id': {} }],
  [{ 'pdc-1': [] }],
  [{ 'pdc-1': { 'a/b': json } }],
  [{ 'pdc-1': { 'a/b/c/NODE/1': json } }],
  [{ 'pdc-1': { 'a/b/c/PMU/1': null } }],
  [{ 'pdc-1': { 'a/b/c/PMU/1': { ...json, live: -1 } } }],
  [{ 'pdc-1': { 'a/b/c/PMU/1': { ...json, live: 0.5 } } }],
  [{ 'pdc-1': { 'a/b/c/PMU/1': { ...json, pending: undefined } } }],
  [{ 'pdc-1': { 'a/b/c/PMU/1': { ...json, lost: 3 } } }],
  [{ 'pdc-1': { 'a/b/c/PMU/1': { ...json, lost: { '\u001b[2J': 1 } } } }],
  [{ 'pdc-1': { 'a/b/c/PMU/1': { ...json, lost: { expired: '1' } } } }],
  [
    {
      'pdc-1': {
        'a/b/c/PMU/1': { ...json, lost: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`r${i}`, 1])) },
      },
    },
  ],
])('%j is refused with an error of its own', (value) => {
  expect(() => parseConsumers(value)).toThrow(ContractError)
})
