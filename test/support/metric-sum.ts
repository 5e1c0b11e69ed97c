import type { MetricsRegistry } from '../../src/runtime/metrics.ts'

/** The sum of a family, as Prometheus would scrape it, over all label sets that have these labels. */
export async function metricSum(
  metrics: Pick<MetricsRegistry, 'expose'>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  let sum = 0
  for (const [, family, has = '', value] of (await metrics.expose()).matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
    if (family === name && wanted.every((label) => has.includes(label))) sum += Number(value)
  }
  return sum
}
