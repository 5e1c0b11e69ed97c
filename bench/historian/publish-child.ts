/**
 * Streams at 50 frames/s, each of their frames with the time at which it was
 * published. `node publish-child.js BROKER STREAMS` says `publishing`, and ends
 * with its standard input.
 */
import { BrokerConfig, StreamProducer, startBus } from '../../src/bus/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import { configurationFrame, dataFrame } from '../support/golden.ts'

const PERIOD_MS = 20
const [url, streams] = process.argv.slice(2)
const stop = new AbortController()
const deps = { signal: stop.signal, log: silentLog, metrics: createMetrics() }
const node = { area: 'bench', locationType: 'secondary-station', locationId: '1', nodeId: 'publisher' }
const bus = startBus(BrokerConfig.parse({ url }), { ...deps, node })
await new Promise<void>((resolve) => bus.onConnect(resolve))
const producers = Array.from({ length: Number(streams) }, (_, n) => {
  const topic = `bench/secondary-station/1/PMU/${n + 1}`
  const producer = new StreamProducer({ topic, buses: [bus], node: 'bench/secondary-station/1/NODE/publisher' }, deps)
  producer.configuration([configurationFrame(n + 1)])
  producer.state({ online: true, rate: 50 })
  return producer
})

let slot = Math.ceil(Date.now() / PERIOD_MS)
function next(): void {
  for (; slot * PERIOD_MS <= Date.now(); slot++) {
    producers.forEach((producer, n) => {
      producer.data(dataFrame(n + 1, Math.floor(monotonicMs() * 1000) >>> 0, slot * PERIOD_MS))
    })
  }
  setTimeout(next, Math.max(0, slot * PERIOD_MS - Date.now()))
}
next()
process.stdout.write('publishing\n')
process.stdin.resume().on('end', () => process.exit(0))
