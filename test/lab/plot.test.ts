import { describe, expect, it } from 'vitest'
import { renderPlot } from '../../bench/support/plot.ts'

const plot = (points: readonly (readonly [number, number | null])[], log = false): string =>
  renderPlot({ title: 'T < U', x: { label: 'ms' }, y: { label: 'frames/s', log }, series: [{ name: 'ours', points }] })

describe('a plot', () => {
  it('names its axes, its title and its lines, whatever signs they have', () => {
    const svg = plot([[0, 1]])
    for (const words of ['T &lt; U', '>ms<', '>frames/s<', '>ours<']) expect(svg).toContain(words)
  })

  it('leaves a hole where there is no value', () => {
    const line = /<path d="([^"]*)" fill="none" stroke="#0072b2"/.exec(
      plot([
        [0, 1],
        [1, 2],
        [2, null],
        [3, 1],
      ]),
    )?.[1]
    expect(line?.match(/M/g)).toHaveLength(2)
    expect(line?.match(/L/g)).toHaveLength(1)
  })

  it('marks powers of ten on a logarithmic axis', () => {
    const svg = plot(
      [
        [0, 3],
        [1, 4_000],
      ],
      true,
    )
    for (const tick of ['>1<', '>10<', '>100<', '>1k<', '>10k<']) expect(svg).toContain(tick)
  })

  it('can be of nothing', () => {
    expect(plot([])).toMatch(/^<svg[\s\S]*<\/svg>\n$/)
    expect(plot([])).not.toContain('NaN')
  })
})
