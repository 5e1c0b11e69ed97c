import { type Configuration, compileDecoder } from '../../src/c37118/index.ts'
import type { Aggregate } from '../../src/pdc/aggregate.ts'
import type { Now } from '../../src/pdc/alignment-window.ts'
import { type OutputSettings, PdcOutput } from '../../src/pdc/pdc-output.ts'
import { testDeps } from '../support/deps.ts'

export const settings: OutputSettings = {
  id: 'area',
  idcode: 700,
  dataRate: 50,
  timeBase: 1_000_000,
  header: '',
  wait: 'relative',
  waitUs: 100_000,
  leadUs: 1_000_000,
  staleUs: 60_000_000,
  silentUs: 1_000_000,
  settleUs: 0,
}

/** Frames that arrive, in the order of their arrival, at an output. */
export interface Arrival {
  readonly input: string
  readonly frame: Uint8Array
  readonly atUs: number
}

export function outputOf(changes: Partial<OutputSettings> = {}) {
  const { metrics, log } = testDeps()
  const configurations: Aggregate[] = []
  const frames: Uint8Array[] = []
  const output = new PdcOutput(
    { ...settings, ...changes },
    {
      log,
      metrics,
      sink: { configuration: (aggregate) => configurations.push(aggregate), data: (frame) => frames.push(frame) },
    },
  )
  return { output, metrics, configurations, frames }
}

/** Frames that come at these times, and the clock between them. What the output says, decoded. */
export function played(arrivals: readonly Arrival[], configurations: ReadonlyMap<string, Configuration>, changes = {}) {
  const line = outputOf(changes)
  const { output } = line
  const inOrder = arrivals.toSorted((one, other) => one.atUs - other.atUs)
  const nowAt = (atUs: number): Now => ({ utcUs: atUs, monotonicUs: atUs - inOrder[0]!.atUs })
  let atUs = inOrder[0]!.atUs
  const until = (endUs: number): void => {
    for (;;) {
      const due = output.dueUs(nowAt(atUs))
      if (due === undefined || due + inOrder[0]!.atUs > endUs) break
      atUs = Math.max(atUs + 1, due + inOrder[0]!.atUs)
      output.tick(nowAt(atUs))
    }
    atUs = Math.max(atUs, endUs)
  }
  const inputs = new Map(
    [...configurations].map(([name, configuration]) => [name, output.input(name, configuration, {}, nowAt(atUs))]),
  )
  output.tick(nowAt(atUs))
  for (const { input, frame, atUs: arrivesUs } of inOrder) {
    until(arrivesUs)
    output.frame(inputs.get(input)!, frame, nowAt(atUs))
  }
  until(atUs + 1_000_000)
  const decoder = compileDecoder(line.output.aggregate!.configuration)
  return { ...line, samples: line.frames.map((frame) => decoder.decode(frame)) }
}
