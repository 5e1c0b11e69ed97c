/** The process behind `startPersistentSession`. It keeps numbers only, so that it disturbs nothing while it measures. */
import mqtt, { type MqttClient } from 'mqtt'
import { FrameType, fractionOf, frameTypeOf, socOf } from '../../src/c37118/index.ts'
import { splitPayload } from '../../src/streams/index.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import type { Answer, PersistentSessionOptions, Question } from './persistent-session.ts'

const { url, clientId, filter, qos = 1 }: PersistentSessionOptions = JSON.parse(process.argv[2]!)
const say = (answer: Answer): void => void process.send!(answer)

const topics = new Map<string, number>()
let numbers = new Float64Array(4 * 65_536)
let used = 0

function note(topic: string, soc: number, fraction: number): void {
  if (used === numbers.length) {
    const larger = new Float64Array(2 * used)
    larger.set(numbers)
    numbers = larger
  }
  let index = topics.get(topic)
  if (index === undefined) {
    index = topics.size
    topics.set(topic, index)
  }
  numbers.set([monotonicMs(), index, soc, fraction], used)
  used += 4
}

function connect(): Promise<{ readonly client: MqttClient; readonly hasSession: boolean }> {
  const client = mqtt.connect(url, { clientId, clean: false, reconnectPeriod: 0, resubscribe: false })
  client.on('message', (topic, payload) => {
    splitPayload(payload, (frame) => {
      if (frameTypeOf(frame) === FrameType.data) note(topic, socOf(frame), fractionOf(frame))
    })
  })
  return new Promise((resolve, reject) => {
    client.once('error', reject)
    client.once('connect', ({ sessionPresent }) => {
      ;(client.stream as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true)
      resolve({ client, hasSession: sessionPresent })
    })
  })
}

let { client } = await connect()
await client.subscribeAsync(filter, { qos })

const answers: Readonly<Record<Question, () => Promise<Omit<Answer, 'question'>>>> = {
  async take() {
    const taken = numbers.slice(0, used)
    used = 0
    return { topics: [...topics.keys()], numbers: taken }
  },
  async leave() {
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
    client.stream.destroy()
    await closed
    return {}
  },
  async comeBack() {
    const back = await connect()
    client = back.client
    return { hasSession: back.hasSession }
  },
}

process.on('message', (question: Question) => {
  answers[question]().then(
    (answer) => say({ question, ...answer }),
    (error: Error) => {
      process.stderr.write(`${error.message}\n`)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit(1))
process.on('SIGTERM', () => client.end(true, {}, () => process.exit(0)))
say({ question: 'ready' })
