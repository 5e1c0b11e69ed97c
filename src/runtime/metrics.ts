import * as prom from 'prom-client'
import type { Counter, Gauge, Metrics } from './service.ts'

type Labels = Readonly<Record<string, string>>

/** Instruments of one process, with the text that Prometheus scrapes. */
export interface MetricsRegistry extends Metrics {
  readonly contentType: string
  expose(): Promise<string>
}

/**
 * Counters live as plain numbers and are handed to prom-client when scraped:
 * the hot path adds to a field, nothing more.
 */
export function createMetrics(): MetricsRegistry {
  const registry = new prom.Registry()
  const families = new Map<string, Map<string, Instrument>>()

  const instrument = (kind: 'counter' | 'gauge', name: string, help: string, labels: Labels): Instrument => {
    let family = families.get(name)
    if (!family) {
      family = new Map()
      families.set(name, family)
      expose(registry, kind, name, help, Object.keys(labels), family)
    }
    const key = JSON.stringify(Object.entries(labels).toSorted())
    let found = family.get(key)
    if (!found) {
      found = new Instrument(labels)
      family.set(key, found)
    }
    return found
  }

  return {
    counter: (name, help, labels = {}) => instrument('counter', name, help, labels),
    gauge: (name, help, labels = {}) => instrument('gauge', name, help, labels),
    forget(labels) {
      for (const family of families.values()) {
        for (const [key, { labels: has }] of family) {
          if (Object.entries(labels).every(([name, value]) => has[name] === value)) family.delete(key)
        }
      }
    },
    contentType: registry.contentType,
    expose: () => registry.metrics(),
  }
}

class Instrument implements Counter, Gauge {
  readonly labels: Labels
  value = 0

  constructor(labels: Labels) {
    this.labels = labels
  }

  add(count = 1): void {
    this.value += count
  }

  set(value: number): void {
    this.value = value
  }
}

function expose(
  registry: prom.Registry,
  kind: 'counter' | 'gauge',
  name: string,
  help: string,
  labelNames: string[],
  family: ReadonlyMap<string, Instrument>,
): void {
  const common = { name, help, labelNames, registers: [registry] }
  if (kind === 'counter') {
    new prom.Counter({
      ...common,
      collect() {
        this.reset()
        for (const { labels, value } of family.values()) this.inc(labels, value)
      },
    })
  } else {
    new prom.Gauge({
      ...common,
      collect() {
        this.reset()
        for (const { labels, value } of family.values()) this.set(labels, value)
      },
    })
  }
}
