import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { BrokerConfig, EmbeddedBrokerConfig, startBus, startEmbeddedBroker } from '../../src/bus/index.ts'
import type { Log } from '../../src/runtime/service.ts'
import { startMosquitto } from '../support/brokers.ts'
import { quietDeps } from '../support/bus-harness.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { needs } from '../support/needs.ts'
import { Watched } from '../support/watched.ts'

type BrokerSettings = ReturnType<typeof BrokerConfig.parse>

let certificates: Certificates
beforeAll(async () => {
  certificates = await makeCertificates()
})
afterAll(() => certificates?.[Symbol.asyncDispose]())

const node = { area: 'a', locationType: 't', locationId: 'l', nodeId: 'n' }

/** Connects, and sends a message to itself. */
async function echoes(settings: Partial<BrokerSettings> & { readonly url: string }): Promise<string> {
  const stop = new AbortController()
  const bus = startBus(BrokerConfig.parse(settings), { ...quietDeps(stop.signal), node })
  try {
    return await new Promise<string>((resolve, reject) => {
      const subscription = bus.subscribe('a/echo', (_topic, payload) => resolve(Buffer.from(payload).toString()))
      subscription.granted.then(() => bus.publish('a/echo', Buffer.from('there'), { qos: 1 }), reject)
    })
  } finally {
    stop.abort()
    await bus.done
  }
}

/** Resolves with the code and reason of the first failure to connect. */
async function refusal(settings: Partial<BrokerSettings> & { readonly url: string }): Promise<Record<string, unknown>> {
  const stop = new AbortController()
  const watched = new Watched()
  let facts: Record<string, unknown> | undefined
  const log: Log = {
    debug() {},
    info() {},
    error() {},
    warn(line) {
      facts ??= (line as { error?: { facts?: Record<string, unknown> } }).error?.facts
      watched.changed()
    },
  }
  const bus = startBus(BrokerConfig.parse(settings), { ...quietDeps(stop.signal), log, node })
  await watched.until(() => facts !== undefined)
  stop.abort()
  await bus.done
  return facts!
}

async function withEmbedded(
  settings: Parameters<typeof EmbeddedBrokerConfig.parse>[0],
  use: (urls: readonly string[]) => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const broker = await startEmbeddedBroker(EmbeddedBrokerConfig.parse(settings), quietDeps(stop.signal))
  try {
    await use(broker.addresses.map(({ url }) => url))
  } finally {
    stop.abort()
    await broker.done
  }
}

const listen = [
  { transport: 'tcp', port: 0 },
  { transport: 'ws', port: 0 },
]

describe('the embedded broker', () => {
  it('takes mqtt and ws', () =>
    withEmbedded({ listen }, async (urls) => {
      expect(urls.map((url) => new URL(url).protocol)).toEqual(['mqtt:', 'ws:'])
      for (const url of urls) expect(await echoes({ url })).toBe('there')
    }))

  it('is written to at once (TCP_NODELAY), over every transport', async () => {
    const { ca, server } = certificates
    let client = { port: 0, isQuick: false }
    const spy = vi.spyOn(Socket.prototype, 'setNoDelay').mockImplementation(function (this: Socket, noDelay = true) {
      // The server's end of a connection is neither.
      if (this.connecting || this.remotePort === client.port) client.isQuick = noDelay
      return this
    })
    try {
      for (const tls of [undefined, server]) {
        await withEmbedded({ listen, tls }, async (urls) => {
          for (const url of urls) {
            client = { port: Number(new URL(url).port), isQuick: false }
            await echoes({ url, ...(tls ? { ca } : {}) })
            expect([url, client.isQuick]).toEqual([url, true])
          }
        })
      }
    } finally {
      spy.mockRestore()
    }
  })

  it('takes mqtts and wss, and shows a certificate that clients check', async () => {
    const { ca, server } = certificates
    await withEmbedded({ listen, tls: server }, async (urls) => {
      expect(urls.map((url) => new URL(url).protocol)).toEqual(['mqtts:', 'wss:'])
      for (const url of urls) {
        expect(await echoes({ url, ca })).toBe('there')
        expect(await refusal({ url })).toMatchObject({ code: 'BUS_CONNECTION_LOST' })
      }
    })
  })

  it('lets in who has a client certificate of its authority, and nobody else', async () => {
    const { ca, server, client, stranger } = certificates
    await withEmbedded({ listen, tls: { ...server, clientCa: ca } }, async (urls) => {
      for (const url of urls) {
        expect(await echoes({ url, ca, ...client })).toBe('there')
        expect(await refusal({ url, ca, ...stranger })).toMatchObject({ code: 'BUS_CONNECTION_LOST' })
        expect(await refusal({ url, ca })).toMatchObject({ code: 'BUS_CONNECTION_LOST' })
      }
    })
  })

  it('lets in known users only', async () => {
    const users = [{ username: 'pmu', password: 'right' }]
    await withEmbedded({ listen, users }, async (urls) => {
      for (const url of urls) {
        expect(await echoes({ url, username: 'pmu', password: 'right' })).toBe('there')
        const refused = { code: 'BUS_REFUSED', returnCode: 4 }
        expect(await refusal({ url, username: 'pmu', password: 'wrong' })).toMatchObject(refused)
        expect(await refusal({ url, username: 'other', password: 'right' })).toMatchObject(refused)
        expect(await refusal({ url })).toMatchObject(refused)
      }
    })
  })
})

const mosquitto = needs('mosquitto')

describe.skipIf(mosquitto.skip)(mosquitto.title('Mosquitto'), () => {
  it('is reached by mqtts, with a client certificate', async () => {
    const { ca, server, client, stranger } = certificates
    await using broker = await startMosquitto({
      scheme: 'mqtts',
      lines: [`cafile ${ca}`, `certfile ${server.cert}`, `keyfile ${server.key}`, 'require_certificate true'],
    })
    expect(await echoes({ url: broker.url, ca, ...client })).toBe('there')
    expect(await refusal({ url: broker.url, ca, ...stranger })).toMatchObject({ code: 'BUS_CONNECTION_LOST' })
  })

  it('lets in a user whose password stands in a file', async () => {
    const folder = join(certificates.ca, '..')
    // Made with `mosquitto_passwd`: password "right".
    const passwords = join(folder, 'passwords')
    await writeFile(passwords, '')
    execFileSync('mosquitto_passwd', ['-b', passwords, 'pmu', 'right'])
    const passwordFile = join(folder, 'password')
    await writeFile(passwordFile, 'right\n')
    await using broker = await startMosquitto({ lines: ['allow_anonymous false', `password_file ${passwords}`] })
    expect(await echoes({ url: broker.url, username: 'pmu', passwordFile })).toBe('there')
    expect(await refusal({ url: broker.url })).toMatchObject({ code: 'BUS_REFUSED', returnCode: 5 })
  })
})

describe('a broker that cannot be reached', () => {
  it('is named with what the system says, and stopping does not wait for it', async () => {
    expect(await refusal({ url: 'mqtt://127.0.0.1:1' })).toMatchObject({
      code: 'BUS_CONNECTION_LOST',
      broker: 'mqtt://127.0.0.1:1',
      reason: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('is not asked while the credentials cannot be read', async () => {
    expect(await refusal({ url: 'mqtt://127.0.0.1:1', ca: '/nowhere/ca.pem' })).toMatchObject({
      code: 'BUS_CREDENTIALS_UNREADABLE',
      file: '/nowhere/ca.pem',
    })
  })
})
