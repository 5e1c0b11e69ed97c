import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Address, formatAddress } from '../config/address.ts'
import type { MetricsRegistry } from '../runtime/metrics.ts'
import type { Running } from '../runtime/service.ts'

export interface MetricsServer extends Running {
  /** http://HOST:PORT, with the port the system chose. */
  readonly url: string
}

export interface MetricsServerDeps {
  readonly signal: AbortSignal
  readonly metrics: MetricsRegistry
  /** What /healthz says beyond being alive. */
  readonly health: () => object
  /** A connection on which nothing moves for so long is ended. */
  readonly idleMs?: number
}

/** Serves /metrics for Prometheus and /healthz for whoever restarts what hangs. Resolves when it listens. */
export async function startMetricsServer(
  { host, port }: Address,
  { signal, metrics, health, idleMs = 10_000 }: MetricsServerDeps,
): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const path = request.url?.split('?')[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'only GET is answered\n')
    else if (path === '/metrics')
      void metrics.expose().then(
        (text) => answer(response, 200, text, metrics.contentType),
        (error: unknown) => answer(response, 500, `${String(error)}\n`),
      )
    else if (path === '/healthz') answer(response, 200, `${JSON.stringify(health())}\n`, 'application/json')
    else answer(response, 404, 'there is /metrics and /healthz\n')
  })
  server.maxConnections = 64
  // Also for who asks and never reads: 64 of them would leave nobody a place, and /healthz dead.
  server.timeout = idleMs

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  const done = new Promise<void>((resolve) => {
    const close = (): void => {
      server.close(() => resolve())
      server.closeAllConnections()
    }
    if (signal.aborted) close()
    else signal.addEventListener('abort', close, { once: true })
  })
  return { done, url: `http://${formatAddress({ host, port: (server.address() as AddressInfo).port })}` }
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text)
}
