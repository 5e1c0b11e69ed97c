import { afterAll, beforeAll, describe } from 'vitest'
import { type BusHarness, describeBus } from '../contract/bus.ts'
import { describeReplay } from '../contract/replay.ts'
import { startMosquitto, startNats, startRabbitMq } from '../support/brokers.ts'
import { overSeveral, overTcp, startAedes } from '../support/bus-harness.ts'
import { needs } from '../support/needs.ts'

/** Every contract on one broker that runs for all of them. */
function describeContracts(
  name: string,
  start: () => Promise<BusHarness>,
  isSkipped = false,
  isInProcess = false,
): void {
  describe.skipIf(isSkipped)(name, () => {
    let broker: BusHarness
    beforeAll(async () => {
      broker = await start()
    })
    afterAll(() => broker?.[Symbol.asyncDispose]())
    const ours = { [Symbol.asyncDispose]: () => Promise.resolve() }
    const join: BusHarness['join'] = (node) => broker.join(node)
    describeBus({ name, isInProcess, open: () => Promise.resolve({ ...ours, join }) })
    describeReplay({
      name,
      isInProcess,
      open: () => Promise.resolve({ ...ours, joinProducer: join, joinConsumer: join }),
    })
  })
}

describeContracts('aedes, in process', async () => (await startAedes()).inProcess, false, true)
describeContracts('aedes, over TCP', async () => overTcp((await startAedes()).broker))

for (const [program, name, start] of [
  ['mosquitto', 'Mosquitto', startMosquitto],
  ['nats-server', 'NATS', startNats],
  ['rabbitmq-server', 'RabbitMQ', startRabbitMq],
] as const) {
  const { skip, title } = needs(program)
  describeContracts(title(name), async () => overTcp(await start()), skip)
}

const { skip, title } = needs('mosquitto')
describeBus({
  name: title('a list of two Mosquittos'),
  open: async () => overSeveral(await Promise.all([startMosquitto(), startMosquitto()])),
  isSkipped: skip,
})
