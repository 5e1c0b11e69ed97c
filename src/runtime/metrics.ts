import { setImmediate as turn } from 'node:timers/promises'
import * as prom from 'prom-client'
import type { Counter, Gauge, Metrics } from './service.ts'

type Labels = Readonly<Record<string, string>>

/** Instruments of one process, with the text that Prometheus scrapes. */
export interface MetricsRegistry extends Metrics {
  readonly contentType: string
  expose(): Promise<string>
}

/** Series that are written in one turn: of 1,000 PMUs there are tens of thousands, and live frames wait for none of it. */
const SERIES_PER_TURN = 250

/**
 * Counters live as plain numbers and are handed to prom-client when scraped:
 * the hot path adds to a field, nothing more. A scrape shows all numbers of one
 * moment, and is written bit by bit, between frames.
 */
export function createMetrics(): MetricsRegistry {
  const families = new Map<string, Family>()

  const instrument = (kind: Family['kind'], name: string, help: string, labels: Labels): Instrument => {
    let family = families.get(name)
    if (!family) {
      family = { kind, name, help, labelNames: Object.keys(labels), instruments: new Map() }
      families.set(name, family)
    }
    const key = JSON.stringify(Object.entries(labels).toSorted())
    let found = family.instruments.get(key)
    if (!found) {
      found = new Instrument(labels)
      family.instruments.set(key, found)
    }
    return found
  }

  return {
    counter: (name, help, labels = {}) => instrument('counter', name, help, labels),
    gauge: (name, help, labels = {}) => instrument('gauge', name, help, labels),
    forget(labels) {
      for (const { instruments } of families.values()) {
        for (const [key, { labels: has }] of instruments) {
          if (Object.entries(labels).every(([name, value]) => has[name] === value)) instruments.delete(key)
        }
      }
    },
    contentType: prom.prometheusContentType,
    async expose() {
      const moment = [...families.values()].map((family) => ({
        family,
        series: [...family.instruments.values()].map(({ labels, value }) => ({ labels, value })),
      }))
      let text = ''
      for (const { family, series } of moment) {
        text += await textOf(family, series.slice(0, SERIES_PER_TURN))
        for (let at = SERIES_PER_TURN; at < series.length; at += SERIES_PER_TURN)
          text += withoutHead(await textOf(family, series.slice(at, at + SERIES_PER_TURN)))
      }
      return text
    },
  }
}

interface Family {
  readonly kind: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly labelNames: string[]
  /** By their labels. */
  readonly instruments: Map<string, Instrument>
}

interface Series {
  readonly labels: Labels
  readonly value: number
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

/** As Prometheus reads it, in a turn of its own. */
async function textOf({ kind, name, help, labelNames }: Family, series: readonly Series[]): Promise<string> {
  await turn()
  const registry = new prom.Registry()
  const common = { name, help, labelNames, registers: [registry] }
  if (kind === 'counter') {
    const counter = new prom.Counter(common)
    for (const { labels, value } of series) counter.inc(labels, value)
  } else {
    const gauge = new prom.Gauge(common)
    for (const { labels, value } of series) gauge.set(labels, value)
  }
  return registry.metrics()
}

/** HELP and TYPE are said once. */
const withoutHead = (text: string): string => text.replace(/^(#.*\n)+/, '')
