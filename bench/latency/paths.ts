/** The paths that are compared: direct TCP, plain relays, MQTT alone, and the whole line. */
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { type Child, startChild } from '../support/children.ts'
import { dataFrame } from '../support/golden.ts'
import { startGrid } from '../support/grid.ts'
import { openPath, type Path, Stopwatch } from './ends.ts'

export const direct = (streams: number): Promise<Path> =>
  openPath('direct TCP', streams, async (port) => ({ port, close: async () => {} }))

/** Each relay is a process of its own. */
export const relays = (streams: number, count: number): Promise<Path> =>
  openPath(`${count} plain relays`, streams, async (pmuPort) => {
    const children: Child[] = []
    let port = pmuPort
    for (let i = 0; i < count; i++) {
      const relay = startChild('relay', process.execPath, [
        join(import.meta.dirname, 'relay.js'),
        '127.0.0.1',
        `${port}`,
      ])
      port = Number((await relay.ready(/^(\d+)$/m))[1])
      children.push(relay)
    }
    return { port, close: async () => void (await Promise.all(children.map((child) => child.end()))) }
  })

/** Publisher and subscriber in this process, one broker between. */
export async function mqttAlone(streams: number, url: string, qos: 0 | 1): Promise<Path> {
  const watch = new Stopwatch(streams)
  const [publisher, subscriber] = await Promise.all([connectAsync(url), connectAsync(url)])
  for (const client of [publisher, subscriber]) {
    if ('setNoDelay' in client.stream) (client.stream as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true)
  }
  await subscriber.subscribeAsync(`alone/${qos}/#`, { qos })
  subscriber.on('message', (_topic, payload) => watch.arrives(payload))
  let sequence = 0
  return {
    name: `MQTT alone, QoS ${qos}`,
    tick(instantMs) {
      sequence++
      for (let idcode = 1; idcode <= streams; idcode++) {
        const frame = dataFrame(idcode, sequence, instantMs)
        watch.leaves(idcode, sequence)
        publisher.publish(`alone/${qos}/${idcode}`, frame as Buffer, { qos })
      }
    },
    take: () => watch.take(),
    get sent() {
      return watch.sent
    },
    get arrived() {
      return watch.arrived
    },
    async close() {
      await Promise.all([publisher.endAsync(true), subscriber.endAsync(true)])
    },
  }
}

export interface LineOptions {
  /** URL of a broker, or the embedded one in the PMU-adapter's process. */
  readonly broker: { readonly name: string; readonly url: string } | 'aedes'
  readonly qos: 0 | 1
  readonly streams: number
  /** Whether the PMU-adapter keeps a journal. Default true. */
  readonly journal?: boolean
}

/** PMU-adapter and PDC-adapter, each `phasorbus run` in a process of its own. */
export function fullLine({ broker, qos, streams, journal = true }: LineOptions): Promise<Path> {
  const brokerName = broker === 'aedes' ? 'aedes' : broker.name
  const name = `full line, ${brokerName}, QoS ${qos}${journal ? '' : ', no journal'}`
  return openPath(name, streams, async (port) => {
    const idcodes = Array.from({ length: streams }, (_, i) => i + 1)
    const pmus = idcodes.map((idcode) => ({ idcode, port }))
    const grid = await startGrid({ streams: pmus, broker, qos, journal })
    return { port: grid.pdcPort, close: () => grid.end() }
  })
}
