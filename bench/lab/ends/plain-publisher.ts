/**
 * A PMU-adapter as the thesis has it, on MQTT.js alone: publishes what PMUs
 * send, and leaves it to client and broker that it arrives. What is published
 * while there is no connection waits in memory; what was not acknowledged is
 * sent again.
 */
import mqtt from 'mqtt'
import { startRawPdc } from '../../../judge/index.ts'
import { argumentsOf, readyLine } from './arguments.ts'
import { type PlainConnection, plainOptions, plainTopic } from './plain-mqtt.ts'

export interface PlainPublisherArguments extends PlainConnection {
  readonly pmu: { readonly host: string; readonly port: number }
  readonly idcodes: readonly number[]
}

const { pmu, idcodes, qos, ...connection } = argumentsOf<PlainPublisherArguments>()
const client = mqtt.connect(plainOptions({ ...connection, qos }))
client.on('error', (error) => process.stderr.write(`${error.message}\n`))
// MQTT.js never sets it, and has no option for it.
client.on('connect', () => (client.stream as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true))

const { signal } = new AbortController()
for (const idcode of idcodes) {
  startRawPdc({
    ...pmu,
    idcode,
    signal,
    onData: (frame) => void client.publish(plainTopic(idcode), frame as Buffer, { qos }),
  })
}
process.on('SIGTERM', () => client.end(true, {}, () => process.exit(0)))
process.stdout.write(`${readyLine}\n`)
