import type { Figures } from '../figures.ts'
import { renderPlot } from '../support/plot.ts'
import type { HeapSample } from './heap.ts'

export interface Soaked {
  readonly figures: Figures
  readonly samples: readonly HeapSample[]
  /** How often each fault struck. */
  readonly struck: Readonly<Record<string, number>>
  readonly machine: string
  /** Monotonic. */
  readonly beganMs: number
}

export function soakReport({ figures, samples, struck, machine, beganMs }: Soaked): { page: string; plot: string } {
  const minutes = (atMs: number): number => (atMs - beganMs) / 60_000
  const mebibytes = (bytes: number): number => bytes / 2 ** 20
  const plot = renderPlot({
    title: 'Memory after collection',
    x: { label: 'minutes' },
    y: { label: 'heap and outside of it, MiB' },
    series: [
      { name: 'PMU-adapter', points: samples.map(({ atMs, publisher }) => [minutes(atMs), mebibytes(publisher)]) },
      { name: 'PDC-adapter', points: samples.map(({ atMs, consumer }) => [minutes(atMs), mebibytes(consumer)]) },
    ],
  })
  const page = [
    '# Soak',
    '',
    '200 raw PMUs × 50 frames/s through PMU-adapter, Mosquitto (default persistence) and PDC-adapter to 200 raw PDCs, each in a',
    'network namespace, with a random fault every 20 s. The judge compares, byte by byte, what PMUs wrote with what PDCs read. In',
    'the first third the adapters are killed too; the growth of memory is measured over the rest, after collection.',
    '',
    '```sh',
    'npm run bench -- soak --out docs/results',
    '```',
    '',
    '| | |',
    '| --- | --- |',
    ...Object.entries(figures).map(
      ([name, value]) => `| ${name} | ${Number.isInteger(value) ? value : value.toPrecision(3)} |`,
    ),
    '',
    '| fault | times |',
    '| --- | --- |',
    ...Object.entries(struck).map(([name, times]) => `| ${name} | ${times} |`),
    '',
    '![Memory after collection](soak.svg)',
    '',
    `On ${machine}.`,
    '',
  ].join('\n')
  return { page, plot }
}
