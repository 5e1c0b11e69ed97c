import { describeBus } from '../contract/bus.ts'
import { startMosquitto, startNats, startRabbitMq } from '../support/brokers.ts'
import { overTcp, startAedes } from '../support/bus-harness.ts'
import { needs } from '../support/needs.ts'

describeBus('aedes, in process', async () => (await startAedes()).inProcess)
describeBus('aedes, over TCP', async () => overTcp((await startAedes()).broker))

const [mosquitto, rabbitmq, nats] = [needs('mosquitto'), needs('rabbitmq-server'), needs('nats-server')]
describeBus(mosquitto.title('Mosquitto'), async () => overTcp(await startMosquitto()), mosquitto.skip)
describeBus(nats.title('NATS'), async () => overTcp(await startNats()), nats.skip)
describeBus(rabbitmq.title('RabbitMQ'), async () => overTcp(await startRabbitMq()), rabbitmq.skip)
