/** The middle of a line: what lies between PMUs and PDCs, brokers apart. */
import { programOf } from '../lab/built.ts'
import type { PlainPublisherArguments } from '../lab/ends/plain-publisher.ts'
import type { PlainSubscriberArguments } from '../lab/ends/plain-subscriber.ts'
import type { HostProcess } from '../lab/host-process.ts'
import type { Network } from '../lab/network.ts'
import { pdcAdapterGrid, pdcPort, pmuAdapterGrid, runPhasorbus } from '../lab/phasorbus.ts'
import type { Brokers } from './brokers.ts'
import type { LineOptions } from './line.ts'

/** A program that can be killed, and started again on the same files. */
export interface Part {
  readonly host: string
  readonly process: HostProcess
  kill(): Promise<void>
  /** SIGTERM: it leaves in order. */
  end(): Promise<void>
  /** Resolves when its ports are open. */
  start(): Promise<void>
}

export interface Parts {
  readonly publisher: Part
  readonly standby: Part | undefined
  readonly consumer: Part
}

export interface PartsDeps {
  readonly network: Network
  readonly brokers: Brokers
  readonly options: LineOptions
  readonly built: string
  readonly idcodes: readonly number[]
  readonly pmu: { readonly host: string; readonly port: number }
}

export async function startPhasorbusParts({
  network,
  brokers,
  options,
  built,
  idcodes,
  pmu,
}: PartsDeps): Promise<Parts> {
  const { qos, writeDelayMs, standby = false, heapProbe = false } = options
  if (qos === 2) throw new Error('phasorbus publishes at QoS 0 or 1')
  const run = (host: string, grid: object): Promise<Part> =>
    partOf(host, () => runPhasorbus(network.host(host), grid, built, { heapProbe }))
  const adapter = (host: string): Promise<Part> => {
    const pmus = { address: pmu.host, port: pmu.port, idcodes }
    return run(
      host,
      pmuAdapterGrid({
        node: host,
        broker: brokers.settings.publisher,
        pmus,
        qos,
        ...(writeDelayMs !== undefined && { writeDelayMs }),
      }),
    )
  }
  const [publisher, second, consumer] = await Promise.all([
    adapter('site'),
    standby ? adapter('standby') : undefined,
    run('center', pdcAdapterGrid({ broker: brokers.settings.consumer, clients: idcodes.length })),
  ])
  return { publisher, standby: second, consumer }
}

export async function startPlainParts({ network, brokers, options, built, idcodes, pmu }: PartsDeps): Promise<Parts> {
  const { qos } = options
  const servers = (urls: readonly string[]) =>
    urls.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }))
  const publishing: PlainPublisherArguments = {
    servers: servers(brokers.forPublisher),
    clientId: 'plain-publisher',
    qos,
    pmu,
    idcodes,
  }
  const subscribing: PlainSubscriberArguments = {
    servers: servers(brokers.forConsumer),
    clientId: 'plain-subscriber',
    qos,
    port: pdcPort,
    idcodes,
  }
  const run = (host: string, program: 'plain-publisher' | 'plain-subscriber', args: object): Promise<Part> =>
    partOf(host, async () => {
      const started = network
        .host(host)
        .start(program, process.execPath, [programOf(built, program), JSON.stringify(args)])
      await started.ready(/^ready$/m)
      return started
    })
  // First the one who keeps a session: what is published before it is nobody's.
  const consumer = await run('center', 'plain-subscriber', subscribing)
  const publisher = await run('site', 'plain-publisher', publishing)
  return { publisher, standby: undefined, consumer }
}

async function partOf(host: string, launch: () => Promise<HostProcess>): Promise<Part> {
  let process = await launch()
  return {
    host,
    get process() {
      return process
    },
    kill: () => process.kill(),
    end: () => process.end(),
    async start() {
      process = await launch()
    },
  }
}
