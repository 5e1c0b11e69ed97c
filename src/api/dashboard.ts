/**
 * The dashboard: its files, and the way to live data. Pages get those from the
 * bus itself, over WebSocket, with an identity that may only read.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import staticFiles from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { refuseUpgrade } from '../runtime/refuse-upgrade.ts'
import { array, object, string } from './schemas.ts'

/** Where a page finds the bus. */
export type LiveAccess =
  /** At the API's own address: whoever upgrades there is handed on. */
  | { readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void }
  /** At a broker's. */
  | { readonly url: string; readonly username?: string; readonly password?: string }

export interface DashboardConfig {
  /** Built files: index.html, and assets/ whose names change with what is in them. */
  readonly folder: string
  readonly areas: readonly string[]
  /** Without it pages show what is stored. */
  readonly live?: LiveAccess
}

export const LIVE_PATH = '/api/v1/live/mqtt'

/** `mayAsk`: whether an address may still ask in this second. */
export async function addDashboard(
  app: FastifyInstance,
  { folder, areas, live }: DashboardConfig,
  mayAsk: (address: string) => boolean,
): Promise<void> {
  const here = live && 'upgrade' in live ? live : undefined
  const there = live && 'url' in live ? live : undefined
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    // MQTT.js keeps time in a worker, where a hidden page's timers go on.
    "worker-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    `connect-src 'self'${there ? ` ${new URL(there.url).origin}` : ''}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  await app.register(staticFiles, {
    root: folder,
    cacheControl: false,
    setHeaders(reply, path) {
      reply.setHeader('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
      reply.setHeader('content-security-policy', policy)
      reply.setHeader('x-content-type-options', 'nosniff')
      reply.setHeader('referrer-policy', 'no-referrer')
    },
  })
  app.get(
    '/api/v1/live',
    {
      schema: {
        summary: 'Where a page subscribes to live data: MQTT over WebSocket, by a user that may only read.',
        response: {
          200: object(
            {
              url: {
                type: 'string',
                description: 'a path is one of this server, and the password there is the token of the API',
              },
              username: string,
              password: string,
              areas: array(string),
            },
            ['url', 'username', 'password'],
          ),
        },
      },
    },
    async () => ({ areas, ...(here ? { url: LIVE_PATH } : there) }),
  )
  /** HTTP knows nothing of them any more. */
  const upgraded = new Set<Duplex>()
  app.server.on('upgrade', (request, socket, head) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    if (!mayAsk(request.socket.remoteAddress ?? '')) refuseUpgrade(socket, '429 Too Many Requests')
    else if (here && request.url === LIVE_PATH) here.upgrade(request, socket, head)
    else refuseUpgrade(socket, '404 Not Found')
  })
  app.addHook('preClose', async () => {
    for (const socket of upgraded) socket.destroy()
  })
}
