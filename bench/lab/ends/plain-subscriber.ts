/**
 * A PDC-adapter as the thesis has it, on MQTT.js alone: one persistent session
 * for everything, and what comes goes to the PDCs in the order it came.
 */
import mqtt from 'mqtt'
import { startRawPmu } from '../../../judge/index.ts'
import { configurationFrame } from '../../support/golden.ts'
import { argumentsOf, readyLine } from './arguments.ts'
import { type PlainConnection, plainOptions, plainTopic } from './plain-mqtt.ts'

export interface PlainSubscriberArguments extends PlainConnection {
  /** Where PDCs find the streams. */
  readonly port: number
  readonly idcodes: readonly number[]
}

const { port, idcodes, qos, ...connection } = argumentsOf<PlainSubscriberArguments>()
const pdcs = await startRawPmu({ configuration: idcodes.map(configurationFrame), host: '0.0.0.0', port })
const client = mqtt.connect(plainOptions({ ...connection, qos }))
client.on('error', (error) => process.stderr.write(`${error.message}\n`))
client.on('connect', ({ sessionPresent }) => {
  ;(client.stream as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true)
  if (!sessionPresent) client.subscribe(plainTopic('+'), { qos })
})
client.on('message', (_topic, payload) => pdcs.send(payload))
process.on('SIGTERM', () => client.end(true, {}, () => process.exit(0)))
process.stdout.write(`${readyLine}\n`)
