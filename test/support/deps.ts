import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics, type MetricsRegistry } from '../../src/runtime/metrics.ts'
import type { ServiceDeps } from '../../src/runtime/service.ts'

export interface TestDeps extends ServiceDeps, AsyncDisposable {
  readonly metrics: MetricsRegistry
  abort(): void
  /** Waited for, after the abort, when the test is over. */
  stops<T extends { readonly done: Promise<void> }>(service: T): T
}

/** What a service needs, and its end: `await using deps = testDeps()`. */
export function testDeps(log: ServiceDeps['log'] = silentLog): TestDeps {
  const stop = new AbortController()
  const services: { readonly done: Promise<void> }[] = []
  return {
    signal: stop.signal,
    log,
    metrics: createMetrics(),
    abort: () => stop.abort(),
    stops(service) {
      services.push(service)
      return service
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.allSettled(services.map(({ done }) => done))
    },
  }
}
