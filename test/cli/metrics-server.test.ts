import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { startMetricsServer } from '../../src/cli/metrics-server.ts'
import { testDeps } from '../support/deps.ts'

it('ends a connection on which nothing moves', async () => {
  await using deps = testDeps()
  const server = deps.stops(
    await startMetricsServer({ host: '127.0.0.1', port: 0 }, { ...deps, health: () => ({}), idleMs: 50 }),
  )
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
  socket.on('error', () => {}).resume()
  await once(socket, 'close')
  expect(socket.bytesRead).toBe(0)
}, 5_000)
