import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/runtime/metrics.ts'

describe('a scrape', () => {
  it('has every series once, under one HELP and TYPE for each name', async () => {
    const metrics = createMetrics()
    for (let at = 0; at < 1000; at++) metrics.counter('seen_total', 'What was seen.', { pmu: `${at}` }).add(at)
    metrics.gauge('height_metres', 'How high.').set(1.5)
    metrics.counter('odd_total', 'Odd.', { name: 'a "b"\n\\c' }).add()

    const lines = (await metrics.expose()).trimEnd().split('\n')

    expect(lines.filter((line) => line.startsWith('#'))).toEqual([
      '# HELP seen_total What was seen.',
      '# TYPE seen_total counter',
      '# HELP height_metres How high.',
      '# TYPE height_metres gauge',
      '# HELP odd_total Odd.',
      '# TYPE odd_total counter',
    ])
    expect(lines.filter((line) => line.startsWith('seen_total'))).toEqual(
      Array.from({ length: 1000 }, (_, at) => `seen_total{pmu="${at}"} ${at}`),
    )
    expect(lines).toContain('height_metres 1.5')
    expect(lines).toContain('odd_total{name="a \\"b\\"\\n\\\\c"} 1')
  })

  it('gives way between parts of it, and shows the numbers of one moment', async () => {
    const metrics = createMetrics()
    const counters = Array.from({ length: 10_000 }, (_, at) => metrics.counter('seen_total', 'Seen.', { pmu: `${at}` }))
    let turns = 0
    let isWriting = true
    const another = (): void => {
      if (!isWriting) return
      turns++
      for (const counter of counters) counter.add()
      setImmediate(another)
    }
    setImmediate(another)

    const text = await metrics.expose()
    isWriting = false

    expect(turns).toBeGreaterThan(30)
    expect(text.match(/^seen_total\{pmu="\d+"\} 0$/gm)).toHaveLength(10_000)
  })
})
