import { expect, it } from 'vitest'
import { ConnectionLog } from '../../src/bus/connection-log.ts'
import type { Log } from '../../src/runtime/service.ts'

it('the loss of a connection is told, and its return, and one line a minute of one that stays away or does not last', () => {
  const lines: string[] = []
  const note =
    (level: string) =>
    (facts: object, message: string): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(facts)}`)
  const log: Log = { debug() {}, info: note('info'), warn: note('warn'), error: note('error') }
  let now = 0
  const told = new ConnectionLog(log, 'mqtt://b:1', 'pull', () => now)
  const facts = '"broker":"mqtt://b:1","role":"pull"'
  const look = (): string[] => lines.splice(0)

  told.made('mqtt://b:1')
  expect(look()).toEqual([`info connected to broker {${facts},"address":"mqtt://b:1"}`])

  for (; now < 120_000; now += 5000) told.lost('gone', 99.6)
  expect(look()).toEqual([
    `warn broker connection lost {${facts},"error":"gone","delayMs":100}`,
    `warn broker connection lost {${facts},"error":"gone","delayMs":100,"untold":11}`,
  ])
  told.made('mqtt://b:2')
  expect(look()).toEqual([`info connected to broker {${facts},"address":"mqtt://b:2"}`])

  // What lasted is missed at once, however soon after the last line.
  now += 5000
  told.lost('gone', 100)
  told.made('mqtt://b:1')
  expect(look().map((line) => line.split(' ')[0])).toEqual(['warn', 'info'])

  // It comes and goes.
  now += 60_000
  for (let round = 0; round < 20; round++) {
    now += 1000
    told.lost('gone', 100)
    told.made('mqtt://b:1')
  }
  expect(look().map((line) => line.split(' ')[0])).toEqual(['warn', 'info'])
})
