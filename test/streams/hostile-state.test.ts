import { expect, it } from 'vitest'
import { ContractError, parseNodeState, parseStreamState } from '../../src/streams/index.ts'

it.each([
  '{"contract":{"toString":1},"online":true}',
  '{"contract":[[]],"online":true}',
  '{"contract":1,"online":{"__proto__":true}}',
  '{"contract":1,"online":true,"nodes":[{"toString":1}]}',
  '['.repeat(100_000),
])('refuses %.60s with an error of its own', (text) => {
  const payload = new TextEncoder().encode(text)
  expect(() => parseStreamState(payload)).toThrow(ContractError)
  expect(() => parseNodeState(payload)).toThrow(ContractError)
})
