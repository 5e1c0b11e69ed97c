import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  BrokerConfig,
  EmbeddedBrokerConfig,
  startBus,
  startEmbeddedBroker,
  startFailoverBus,
} from '../../src/bus/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import type { ServiceDeps } from '../../src/runtime/service.ts'
import type { BusHarness, TestNode } from '../contract/bus.ts'
import type { TestBroker } from './brokers.ts'
import { startTcpProxy } from './tcp-proxy.ts'

const quick = { firstDelayMs: 10, maxDelayMs: 100 }

export const quietDeps = (signal: AbortSignal): ServiceDeps => ({ signal, log: silentLog, metrics: createMetrics() })

/** Nodes that reach a broker over TCP, each through a proxy of its own that can be cut. */
export function overTcp(broker: TestBroker): BusHarness {
  return {
    async join(node): Promise<TestNode> {
      const proxy = await startTcpProxy(broker.url)
      const stop = new AbortController()
      const config = BrokerConfig.parse({ url: proxy.url, retry: quick })
      const bus = startBus(config, { ...quietDeps(stop.signal), node })
      await new Promise<void>((resolve) => bus.onConnect(resolve))
      return {
        bus,
        cut: () => proxy.cut(),
        async stop() {
          stop.abort()
          await bus.done
          await proxy[Symbol.asyncDispose]()
        },
        kill: async () => proxy[Symbol.asyncDispose](),
      }
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  }
}

/** Nodes that have a list of brokers, and use the nearest that works. */
export function overSeveral(brokers: readonly TestBroker[]): BusHarness {
  return {
    async join(node): Promise<TestNode> {
      const proxies = await Promise.all(brokers.map(({ url }) => startTcpProxy(url)))
      const stop = new AbortController()
      const configs = proxies.map(({ url }) => BrokerConfig.parse({ url, retry: quick }))
      const bus = startFailoverBus(configs, { ...quietDeps(stop.signal), node })
      await new Promise<void>((resolve) => bus.onConnect(resolve))
      const dispose = async (): Promise<void> => {
        await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()))
      }
      return {
        bus,
        // The nearest: all are on the next then.
        cut: () => proxies[0]!.cut(),
        async stop() {
          stop.abort()
          await bus.done
          await dispose()
        },
        kill: dispose,
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(brokers.map((broker) => broker[Symbol.asyncDispose]()))
    },
  }
}

/** The embedded broker, from within and over TCP. */
export async function startAedes(): Promise<{ readonly broker: TestBroker; readonly inProcess: BusHarness }> {
  const stop = new AbortController()
  const config = EmbeddedBrokerConfig.parse({ listen: [{ transport: 'tcp', port: 0 }] })
  const embedded = await startEmbeddedBroker(config, quietDeps(stop.signal))
  const dispose = async (): Promise<void> => {
    stop.abort()
    await embedded.done
  }
  return {
    broker: {
      url: embedded.addresses[0]!.url,
      folder: '',
      pid: process.pid,
      restart: () => Promise.reject(new Error('it runs in this process')),
      [Symbol.asyncDispose]: dispose,
    },
    inProcess: {
      async join(node) {
        const own = new AbortController()
        return {
          bus: embedded.bus(node, own.signal),
          async stop() {
            own.abort()
            await nextTurn()
          },
        }
      },
      [Symbol.asyncDispose]: dispose,
    },
  }
}
