import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Admission } from '../../src/api/admission.ts'
import { admitted, sendAdmitted } from '../../src/api/while-connected.ts'
import { until } from '../support/until.ts'

/** One place, and requests whose work ends when the test says so; and beside it exports, which end with their askers. */
async function onePlace({ takenWithinMs = 60_000 } = {}) {
  const admission = new Admission({ atOnce: 1, mostWaiting: 8 })
  const exports = new Admission({ atOnce: 1, mostWaiting: 8 })
  const works: { readonly end: () => void }[] = []
  const work = (): Promise<string> => new Promise((resolve) => works.push({ end: () => resolve('done') }))
  const askers: Socket[] = []
  const app = fastify({ forceCloseConnections: true })
  app.addHook('onRequest', async ({ raw }) => void askers.push(raw.socket))
  app.get('/answer', (request, reply) => admitted(admission, { request, reply }, work, takenWithinMs))
  app.get('/export', (request, reply) => {
    const parts = async function* () {
      yield 'begun '
      await once(request.raw.socket, 'close')
    }
    return sendAdmitted(exports, { request, reply }, 'text/plain', parts())
  })
  app.get('/parts', (request, reply) => {
    const parts = async function* () {
      yield 'begun '
      yield await work()
    }
    return sendAdmitted(admission, { request, reply }, 'text/plain', parts())
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const ask = async (path: string) => {
    const socket = connect({ host: '127.0.0.1', port })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    socket.write(`GET /${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const place = askers.length
    await until(() => askers.length > place)
    const hangUp = async (): Promise<void> => {
      socket.destroy()
      await until(() => askers[place]!.closed)
    }
    return { socket, hangUp }
  }
  return { works, askers, ask, url: `http://127.0.0.1:${port}` }
}

describe('a place', () => {
  it.each(['answer', 'parts'])('is held while something is done for who has hung up: %s', async (path) => {
    const { works, askers, ask, url } = await onePlace()
    await (await ask(path)).hangUp()
    const second = fetch(`${url}/${path}`)
    await until(() => askers.length === 2)
    await (await ask(path)).hangUp()
    expect(works.length).toBe(1)
    works[0]!.end()
    await until(() => works.length === 2)
    works[1]!.end()
    expect(await (await second).text()).toBe(path === 'parts' ? 'begun done' : 'done')
  })

  it('is given back by who has gone before his answer began', async () => {
    const { works, ask, url } = await onePlace()
    const first = await ask('answer')
    await (await ask('parts')).hangUp()
    works[0]!.end()
    await once(first.socket, 'data')
    const next = fetch(`${url}/answer`)
    await until(() => works.length === 2)
    works[1]!.end()
    expect((await next).status).toBe(200)
  })

  it('is not held for long by an answer that waits behind another one: that costs the connection', async () => {
    const { works, ask, url } = await onePlace({ takenWithinMs: 500 })
    const { socket } = await ask('export')
    const closed = once(socket.resume(), 'close')
    socket.write('GET /answer HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => works.length === 1)
    works[0]!.end()
    const next = fetch(`${url}/answer`)
    await until(() => works.length === 2)
    works[1]!.end()
    expect(await (await next).text()).toBe('done')
    await closed
  })
})
