import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { meter } from '../../src/bus/meter.ts'

describe('a metered connection', () => {
  it('ends where its end comes in a turn of which all bytes are taken', async () => {
    const connection = new Duplex({ read: () => {} })
    meter(connection, 1024, () => {})
    const ended = once(connection, 'end')
    let taken = 0
    connection.on('readable', () => {
      const bytes = connection.read()
      if (bytes === null) return
      taken += bytes.length
      connection.push(null)
    })
    // PINGREQ.
    connection.push(Buffer.alloc(16 * 1024, Buffer.from('c000', 'hex')))
    await ended
    expect(taken).toBe(16 * 1024)
  })
})
