import type { Gauge, Metrics } from '../runtime/service.ts'
import type { LatencyFigures } from './latencies.ts'

const figures = ['min', 'mean', 'p99', 'max'] as const

/** One gauge for each figure, of the last ten seconds. */
export class LatencyGauges {
  readonly #gauges: Readonly<Record<keyof LatencyFigures, Gauge>>

  constructor(metrics: Metrics, name: string, help: string, labels: Readonly<Record<string, string>>) {
    const gauges = figures.map((of) => [of, metrics.gauge(name, help, { ...labels, of })] as const)
    this.#gauges = Object.fromEntries(gauges) as Record<keyof LatencyFigures, Gauge>
  }

  set(latest: LatencyFigures | undefined): void {
    for (const of of figures) this.#gauges[of].set(latest ? latest[of] / 1e6 : Number.NaN)
  }
}
