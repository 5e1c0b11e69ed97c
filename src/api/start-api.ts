/**
 * What a historian has, over HTTP: read only, JSON, with an OpenAPI description
 * of itself. A large request costs its asker, and nobody else.
 */
import swagger from '@fastify/swagger'
import { type FastifyRequest, fastify } from 'fastify'
import { type Address, formatAddress, isLocalName, isLoopback } from '../config/address.ts'
import type { Historian } from '../historian/index.ts'
import { aborted } from '../runtime/aborted.ts'
import { AddressBudget } from '../runtime/address-budget.ts'
import { networks } from '../runtime/networks.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import { ApiError } from './api-error.ts'
import { limitConnections } from './connections.ts'
import { addDashboard, type DashboardConfig } from './dashboard.ts'
import { answerOf } from './failures.ts'
import type { GridJson } from './grid-json.ts'
import { addRoutes } from './routes.ts'
import type { Tokens } from './tokens.ts'
import { answerMalformed, answerNoHttp, answerUnknownPath } from './unrouted.ts'

export interface ApiConfig {
  readonly listen: Address
  /** Who may read; without it, whoever reaches the address. */
  readonly tokens?: Tokens
  /** Addresses and networks of reverse proxies, whose X-Forwarded-For says who asks. */
  readonly proxies?: readonly string[]
  readonly dashboard?: DashboardConfig
}

export interface Api extends Running {
  /** http://HOST:PORT */
  readonly url: string
}

/** Requests of one address in a second, and at once: a dashboard asks for less. */
const REQUESTS_PER_SECOND = 50
/** A request has to be there within so long. */
const IDLE_MS = 30_000
/** A connection on which nothing moves for so long is ended, whoever waits for whom. */
const STALLED_MS = 120_000

/** By the route, for a path can be written in many ways. */
const isApi = ({ routeOptions }: FastifyRequest): boolean => routeOptions.url?.startsWith('/api/') ?? false

/** Resolves when it listens. Throws ApiError. */
export async function startApi(
  { listen, tokens, proxies = [], dashboard }: ApiConfig,
  deps: ServiceDeps & { readonly historian: Historian; readonly grid?: GridJson },
): Promise<Api> {
  const { signal, log } = deps
  const isProxy = networks(proxies)
  const app = fastify({
    logger: false,
    connectionTimeout: STALLED_MS,
    requestTimeout: IDLE_MS,
    trustProxy: isProxy,
    // Whoever asks for the head of an export would have all of it read.
    exposeHeadRoutes: false,
    // Whoever reads a long answer would hold up the end.
    forceCloseConnections: true,
    frameworkErrors: answerMalformed,
    clientErrorHandler: answerNoHttp,
    ajv: { customOptions: { removeAdditional: false } },
  })
  limitConnections(app.server, isProxy)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'phasorbus historian', description: 'What is stored of synchrophasor streams.', version: '1' },
      ...(tokens && {
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
        security: [{ token: [] }],
      }),
    },
  })
  const budget = new AddressBudget(REQUESTS_PER_SECOND)
  app.addHook('onRequest', async (request, reply) => {
    if (isApi(request)) reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    if (!budget.take(request.ip)) {
      reply.header('retry-after', '1')
      return reply.code(429).send({ error: 'API_TOO_MANY', message: 'too many requests a second: wait for one' })
    }
    // A page of another origin may have its name point here: only who asks for this machine by its own name is answered.
    if (!tokens && isLoopback(listen.host) && !isLocalName(request.headers.host)) {
      return reply.code(403).send({ error: 'API_FORBIDDEN', message: 'ask for localhost' })
    }
    // Whoever has no token yet gets the page that asks for it.
    if (tokens && isApi(request) && !tokens.has(request.headers.authorization)) {
      reply.header('www-authenticate', 'Bearer')
      return reply.code(401).send({ error: 'API_UNAUTHORIZED', message: 'give a token: Authorization: Bearer …' })
    }
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = answerOf(error)
    const hasGone = request.raw.socket.destroyed
    if (status === 500 && !hasGone) log.error({ error }, 'a request failed')
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler(answerUnknownPath)
  addRoutes(app, deps)
  if (dashboard) await addDashboard(app, dashboard, (address) => isProxy(address) || budget.take(address))

  const address = formatAddress(listen)
  try {
    await app.listen({ host: listen.host, port: listen.port })
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    throw new ApiError({ code: 'API_LISTEN_FAILED', address, cause }, `${address}: ${cause}`, { cause: error })
  }
  const { port } = app.server.address() as { readonly port: number }
  const url = `http://${formatAddress({ ...listen, port })}`
  log.info({ url }, 'the API listens')
  const done = aborted(signal).then(() => app.close())
  return { url, done }
}
