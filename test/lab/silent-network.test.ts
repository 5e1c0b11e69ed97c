/** A network that drops every packet and says nothing: how soon a bus knows. */
import { dirname } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { openNetwork } from '../../bench/lab/network.ts'
import { needs } from '../support/needs.ts'

const [netns, mosquitto] = [needs('netns'), needs('mosquitto')]
const src = dirname(dirname(inject('cliMain')))
const PORT = 1883

/** A bus that is told to subscribe to one topic more when its input says so, and says when that was and when it lost the broker. */
const program = `
const [src, url] = process.argv.slice(1)
const load = (path) => import('file://' + src + '/' + path)
const { BrokerConfig, startBus } = await load('bus/index.js')
const { createMetrics } = await load('runtime/metrics.js')
const { silentLog } = await load('runtime/log.js')
const bus = startBus(BrokerConfig.parse({ url }), {
  signal: new AbortController().signal, log: silentLog, metrics: createMetrics(),
  node: { area: 'a', locationType: 't', locationId: 'l', nodeId: 'n' },
})
bus.subscribe('a/x', () => {}, {
  onGranted: () => console.log('granted'),
  onLost: () => console.log('lost ' + Date.now()),
})
process.on('message', () => {
  bus.subscribe('a/y', () => {})
  console.log('asked')
})
`

describe.skipIf(netns.skip || mosquitto.skip)(
  netns.title(mosquitto.title('a network that is cut without a word')),
  () => {
    it.each([
      ['', false],
      ['over an open subscription ', true],
    ])('is noticed %swithin 3 s', async (_, subscribes) => {
      await using network = await openNetwork(['broker', 'node'])
      const broker = network.host('broker')
      await broker
        .start(
          'mosquitto',
          'sh',
          [
            '-c',
            `printf 'listener ${PORT}\\nallow_anonymous true\\n' > ${broker.folder}/m.conf; exec mosquitto -v -c ${broker.folder}/m.conf`,
          ],
          {},
        )
        .ready(/running/)
      const url = `mqtt://${broker.address}:${PORT}`
      const node = network
        .host('node')
        .start('bus', process.execPath, ['--input-type=module', '-e', program, src, url], { messages: true })
      await node.ready(/granted/)
      await network.cut(['broker'], ['node'])
      const at = Date.now()
      if (subscribes) node.send({})
      const [, lostAt] = await node.ready(/lost (\d+)/)
      expect(Number(lostAt) - at).toBeLessThan(3000)
    })
  },
)
