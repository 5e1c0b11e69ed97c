/**
 * A whole line in a lab of its own: raw PMUs, adapter, brokers, consumer, raw
 * PDCs, each in its host; and the witness at both ends. The middle is phasorbus
 * as a user runs it, or plain MQTT as the thesis has it: the ends are the same.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AccountTotals, accountOf } from '../lab/account.ts'
import type { LabBroker } from '../lab/brokers/broker.ts'
import { builtHere, programOf } from '../lab/built.ts'
import type { PdcFleetArguments } from '../lab/ends/pdc-fleet.ts'
import type { PmuFleetArguments } from '../lab/ends/pmu-fleet.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import { type Network, openNetwork } from '../lab/network.ts'
import { pagesBy } from '../lab/pages.ts'
import { metricsPort, pdcPort } from '../lab/phasorbus.ts'
import { type ReadFrame, Witness } from '../lab/witness.ts'
import { type BrokerPlan, type Brokers, hostsOf, startBrokers } from './brokers.ts'
import { type Part, startPhasorbusParts, startPlainParts } from './parts.ts'
import { Window } from './window.ts'

/** Live frames did not come, of some streams. */
export class NoFlow extends Error {}

export interface LineOptions {
  readonly kind: 'phasorbus' | 'plain'
  readonly brokers: BrokerPlan
  readonly streams: number
  readonly qos: 0 | 1 | 2
  /** A second adapter for the same PMUs. */
  readonly standby?: boolean
  /** Of the journals, where it is not the default. */
  readonly writeDelayMs?: number
  /** Makes the processes of phasorbus tell what they hold: see `heap-probe.ts`. */
  readonly heapProbe?: boolean
  /** How many frames back a stream's second reading of the same bytes is known as that. */
  readonly duplicateMemory?: number
  /** Where the built programs are. */
  readonly built?: string
}

export interface Line extends AsyncDisposable {
  readonly options: LineOptions
  readonly network: Network
  readonly brokers: readonly LabBroker[]
  /** The PMU-adapter, or what stands for it. */
  readonly publisher: Part
  /** With `standby`. */
  readonly standby: Part | undefined
  /** The PDC-adapter, or what stands for it. */
  readonly consumer: Part
  /** What is written from now on, until the window's end. One at a time. */
  open(options?: { readonly keepsReads?: boolean }): Window
  /** Looks at the logs until that is so; false when it is not by then. */
  until(fits: () => boolean, limitMs: number): Promise<boolean>
  /** Every PDC reads frames that were written since; throws NoFlow where it does not in time. */
  flowing(limitMs?: number): Promise<void>
  /** The consumer's own; undefined where it keeps none. */
  account(): Promise<AccountTotals | undefined>
  metrics(host: string): Promise<string>
}

export const pmuPort = 4712
const lookMs = 150
const firstIdcode = 1

export async function openLine(options: LineOptions): Promise<Line> {
  const { kind, streams, brokers: plan, standby = false, built = builtHere } = options
  const idcodes = Array.from({ length: streams }, (_, i) => firstIdcode + i)
  const network = await openNetwork(['pmu', 'site', ...(standby ? ['standby'] : []), ...hostsOf(plan), 'center', 'pdc'])
  let witness: Witness | undefined
  try {
    const brokers: Brokers = await startBrokers(network, plan)
    const pmu = network.host('pmu')
    const pdc = network.host('pdc')
    const logs = {
      writtenLog: join(pmu.folder, 'written.log'),
      unheardLog: join(pmu.folder, 'unheard.log'),
      readLog: join(pdc.folder, 'read.log'),
    }

    const pmus: PmuFleetArguments = { port: pmuPort, idcodes, writtenLog: logs.writtenLog, unheardLog: logs.unheardLog }
    const fleet = pmu.start('PMUs', process.execPath, [programOf(built, 'pmu-fleet'), JSON.stringify(pmus)], {
      messages: true,
    })
    await fleet.ready(/^ready$/m)

    const start = kind === 'phasorbus' ? startPhasorbusParts : startPlainParts
    const parts = await start({ network, brokers, options, built, idcodes, pmu: { host: pmu.address, port: pmuPort } })

    const pdcs: PdcFleetArguments = {
      host: network.host('center').address,
      port: pdcPort,
      idcodes,
      readLog: logs.readLog,
    }
    const readers = pdc.start('PDCs', process.execPath, [programOf(built, 'pdc-fleet'), JSON.stringify(pdcs)], {
      messages: true,
    })
    await readers.ready(/^ready$/m)
    const page = pagesBy(readers)

    let window: Window | undefined
    const lastRead = new Map<string, ReadFrame>()
    witness = new Witness({
      ...logs,
      ...(options.duplicateMemory !== undefined && { duplicateMemory: options.duplicateMemory }),
      onWritten: (atMs) => window?.wrote(atMs),
      onRead(frame) {
        lastRead.set(frame.stream, frame)
        window?.read(frame)
      },
    })
    const seen = witness

    const until: Line['until'] = async (fits, limitMs) => {
      const deadline = monotonicMs() + limitMs
      for (;;) {
        await seen.look()
        if (fits()) return true
        if (monotonicMs() > deadline) return false
        await sleep(lookMs)
      }
    }
    const metrics = (host: string): Promise<string> =>
      page(`http://${network.host(host).address}:${metricsPort}/metrics`)

    return {
      options,
      network,
      brokers: brokers.all,
      ...parts,
      metrics,
      open(windowOptions) {
        window = new Window(seen, monotonicMs(), windowOptions)
        return window
      },
      until,
      async flowing(limitMs = 60_000) {
        const sinceMs = monotonicMs()
        const isLive = (stream: number): boolean => (lastRead.get(`${stream}`)?.writtenAtMs ?? 0) > sinceMs
        if (await until(() => idcodes.every(isLive), limitMs)) return
        const silent = idcodes.filter((stream) => !isLive(stream))
        throw new NoFlow(
          `${silent.length} of ${streams} streams do not flow after ${limitMs} ms; the last words of each:\n` +
            [parts.publisher, parts.consumer]
              .map(({ process }) => `${process.name}: ${process.output.slice(-1500)}`)
              .join('\n'),
        )
      },
      account: async () => (kind === 'phasorbus' ? accountOf(await metrics('center')) : undefined),
      async [Symbol.asyncDispose]() {
        seen.close()
        await network[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    witness?.close()
    await network[Symbol.asyncDispose]()
    throw error
  }
}
