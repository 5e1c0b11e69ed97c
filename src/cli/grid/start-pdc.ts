import { join } from 'node:path'
import {
  type Pdc as PdcFields,
  type PdcInput as PdcInputFields,
  type PdcOutput,
  type Site,
  siteTopic,
} from '../../config/grid.ts'
import type { Journal } from '../../journal/index.ts'
import { type Pdc, type PdcInput, type PdcOutputConfig, startPdc } from '../../pdc/index.ts'
import { HeldFile } from '../../recovery/index.ts'
import { nodeTopic } from '../../streams/index.ts'
import type { PartDeps } from './site-deps.ts'
import { sessionOf } from './site-session.ts'
import { type SimulatedPmus, sourceOf } from './start-simulated-pmus.ts'

const MICROSECONDS = 1000

/** Beside its wait: what it has taken, and its journal may not have written when it is killed. */
const REDO_MS = 10_000
/** What it took is written down so often: at a restart more than that is asked for again. */
const FLUSH_MS = 1000

/** A PDC of a site, as the grid file has it. */
export function startSitePdc(site: Site, config: PdcFields, deps: PartDeps & { readonly journal?: Journal }): Pdc {
  const { id, inputs, recovery, outputs } = config
  const { buses, inputs: shared, simulated, log, metrics, ...rest } = deps
  // Only what can be completed is asked for again.
  const isCompleted =
    recovery.mode === 'replay' &&
    deps.journal !== undefined &&
    outputs.some(({ topic, wait }) => topic !== undefined && wait.policy !== 'arrival')
  const redoMs = isCompleted ? REDO_MS + Math.max(...outputs.map(({ wait }) => wait.ms)) : 0
  const held = HeldFile.open(
    join(site.stateFolder, `held-${id}`),
    { consumer: id, redoMs, ...recovery },
    { log, metrics },
  )
  const pdc = startPdc(
    {
      id,
      recovery,
      inputs: inputs.map((input) => inputOf(input, simulated)),
      outputs: outputs.map((output) => outputOf(site, id, output)),
    },
    {
      ...rest,
      log,
      metrics,
      bus: buses.nearest,
      replayBus: buses.apart(`pull-${id}`).nearest(),
      buses: buses.each,
      inputs: shared,
      node: nodeTopic(site),
      held,
      ...sessionOf(site, config),
    },
  )
  const flushing = setInterval(() => held.flush(), FLUSH_MS)
  const done = pdc.done.finally(() => {
    clearInterval(flushing)
    held.close()
  })
  return { ...pdc, done }
}

function inputOf({ rules, ...input }: PdcInputFields, simulated: SimulatedPmus): PdcInput {
  return 'streams' in input ? { ...input, rules } : { name: input.id, source: sourceOf(input, simulated), rules }
}

function outputOf(site: Site, pdc: string, output: PdcOutput): PdcOutputConfig {
  const { idcode, dataRate, timeBase, header, wait, topic, live, server, down, up } = output
  const { coordinates, numbers, fullScale, channels, adjust } = output
  return {
    // In metrics it stands beside those of other PDCs.
    id: topic ?? `${siteTopic(site)}/${pdc}/${output.id}`,
    idcode,
    dataRate,
    timeBase,
    header,
    wait: wait.policy,
    waitUs: wait.ms * MICROSECONDS,
    leadUs: output.leadMs * MICROSECONDS,
    staleUs: output.staleMs * MICROSECONDS,
    silentUs: output.silentMs * MICROSECONDS,
    settleUs: output.settleMs * MICROSECONDS,
    rates: { up, ...(down && { down }) },
    format: {
      ...(coordinates && { coordinates }),
      ...(numbers && { numbers }),
      ...(fullScale && { fullScale }),
      ...(channels && { channels }),
      ...(adjust && {
        adjust: adjust.map(({ channel, factor, degrees }) => ({
          channel,
          ...(factor !== undefined && { factor }),
          ...(degrees !== undefined && { angle: (degrees * Math.PI) / 180 }),
        })),
      }),
    },
    ...(topic !== undefined && { topic, live }),
    ...(server && { server }),
  }
}
