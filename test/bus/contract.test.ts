import { describeBus } from '../contract/bus.ts'
import { startMosquitto, startNats, startRabbitMq } from '../support/brokers.ts'
import { overTcp, startAedes } from '../support/bus-harness.ts'
import { needs } from '../support/needs.ts'

describeBus({
  name: 'aedes, in process',
  open: async () => (await startAedes()).inProcess,
  isInProcess: true,
})
describeBus({ name: 'aedes, over TCP', open: async () => overTcp((await startAedes()).broker) })

for (const [program, name, start] of [
  ['mosquitto', 'Mosquitto', startMosquitto],
  ['nats-server', 'NATS', startNats],
  ['rabbitmq-server', 'RabbitMQ', startRabbitMq],
] as const) {
  const { skip, title } = needs(program)
  describeBus({ name: title(name), open: async () => overTcp(await start()), isSkipped: skip })
}
