import { Socket } from 'node:net'
import { expect, it, vi } from 'vitest'
import { ServerConfig, SourceConfig, startServer, startSource } from '../../src/link/index.ts'
import { config2, dataAt, IDCODE } from '../support/blue-pmu.ts'
import { testDeps } from '../support/deps.ts'
import { RecordingSink } from '../support/recorder.ts'

it('what a source asks goes out at once (TCP_NODELAY)', async () => {
  await using deps = testDeps()
  const server = deps.stops(startServer(ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'] }), deps))
  await server.listening
  const stream = server.stream(IDCODE)
  stream.configuration([config2])
  const { port } = server.address

  const quick = new Set<string>()
  const { connect } = Socket.prototype
  const connecting = vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...what) {
    const [[options]] = what as unknown as [[{ port: number; noDelay: boolean }]]
    if (options.port === port && options.noDelay) quick.add('source')
    return Reflect.apply(connect, this, what)
  })
  try {
    const sink = new RecordingSink()
    const config = SourceConfig.parse({ transport: `tcp://127.0.0.1:${port}`, idcode: IDCODE, ask: [], settleMs: 1 })
    deps.stops(startSource(config, { ...deps, sink }))
    await vi.waitUntil(() => stream.receivers === 1)
    stream.data(dataAt(0))
    await sink.until(({ frames }) => frames.length === 1)
  } finally {
    connecting.mockRestore()
  }
  expect([...quick]).toEqual(['source'])
})
