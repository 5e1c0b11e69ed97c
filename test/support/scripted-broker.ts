import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import mqttPacket, { type Packet } from 'mqtt-packet'
import { Watched } from './watched.ts'

const REFUSED = 0x80

/** One end of MQTT that says what a test wants it to say. */
export interface ScriptedBroker extends AsyncDisposable {
  readonly url: string
  readonly seen: Watched
  /** Of all CONNECTs, in order. */
  readonly clientIds: readonly string[]
  /** Client ids that said DISCONNECT. */
  readonly goodbyes: readonly string[]
  /** Topics of all publishes. */
  readonly published: readonly { readonly topic: string; readonly payload: Uint8Array }[]
  /** Filters of all SUBSCRIBEs, in order. */
  readonly subscribed: readonly string[]
  /** Return codes of the next CONNECTs; of those after them, 0. */
  readonly connacks: number[]
  /** Filters that are refused so many times. */
  readonly refusals: Map<string, number>
  /** To every connection. */
  send(topic: string, payload: Uint8Array, options?: { readonly retain: boolean }): void
  /** Ends every connection without a word. */
  cut(): void
}

export async function startScriptedBroker(): Promise<ScriptedBroker> {
  const seen = new Watched()
  const sockets = new Set<Socket>()
  const clientIds: string[] = []
  const goodbyes: string[] = []
  const subscribed: string[] = []
  const published: { topic: string; payload: Uint8Array }[] = []
  const connacks: number[] = []
  const refusals = new Map<string, number>()

  const answer = (socket: Socket, packet: Packet): void => {
    const say = (reply: Packet): void => void socket.write(mqttPacket.generate(reply))
    if (packet.cmd === 'pingreq') say({ cmd: 'pingresp' })
    else if (packet.cmd === 'publish') {
      published.push({ topic: packet.topic, payload: packet.payload as Buffer })
      if (packet.qos === 1) say({ cmd: 'puback', messageId: packet.messageId! })
    } else if (packet.cmd === 'subscribe') {
      const granted = packet.subscriptions.map(({ topic, qos }) => {
        subscribed.push(topic)
        const left = refusals.get(topic) ?? 0
        refusals.set(topic, left - 1)
        return left > 0 ? REFUSED : qos
      })
      say({ cmd: 'suback', messageId: packet.messageId!, granted })
    } else if (packet.cmd === 'unsubscribe') say({ cmd: 'unsuback', messageId: packet.messageId!, granted: [] })
  }
  const server = createServer((socket) => {
    let clientId = ''
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    const parser = mqttPacket.parser()
    parser.on('packet', (packet) => {
      if (packet.cmd === 'connect') {
        clientId = packet.clientId
        clientIds.push(clientId)
        const returnCode = connacks.shift() ?? 0
        socket.write(mqttPacket.generate({ cmd: 'connack', returnCode, sessionPresent: false }))
      } else if (packet.cmd === 'disconnect') goodbyes.push(clientId)
      else answer(socket, packet)
      seen.changed()
    })
    socket.on('data', (chunk) => parser.parse(chunk))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `mqtt://127.0.0.1:${port}`,
    seen,
    clientIds,
    goodbyes,
    published,
    subscribed,
    connacks,
    refusals,
    send(topic, payload, { retain } = { retain: false }) {
      const packet = mqttPacket.generate({
        cmd: 'publish',
        topic,
        payload: Buffer.from(payload),
        qos: 0,
        retain,
        dup: false,
      })
      for (const socket of sockets) socket.write(packet)
    },
    cut,
    async [Symbol.asyncDispose]() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
