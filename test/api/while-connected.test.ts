import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { fastify } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Admission } from '../../src/api/admission.ts'
import { admitted, sendAdmitted } from '../../src/api/while-connected.ts'
import { until } from '../support/until.ts'

/** One place, and requests whose work ends when the test says so. */
async function onePlace() {
  const admission = new Admission({ atOnce: 1, mostWaiting: 8 })
  const works: { readonly end: () => void }[] = []
  const work = (): Promise<string> => new Promise((resolve) => works.push({ end: () => resolve('done') }))
  const askers: Socket[] = []
  const app = fastify({ forceCloseConnections: true })
  app.addHook('onRequest', async ({ raw }) => void askers.push(raw.socket))
  app.get('/answer', (request, reply) => admitted(admission, { request, reply }, work))
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
})
