import { describeReplay } from '../contract/replay.ts'
import { startMosquitto } from '../support/brokers.ts'
import { overTcp } from '../support/bus-harness.ts'
import { needs } from '../support/needs.ts'

const { skip, title } = needs('mosquitto')

/** Producers at the site, consumers at the point of presence: requests go down, frames and answers up. */
describeReplay({
  name: title('a Mosquitto bridge'),
  isSkipped: skip,
  async open() {
    const pop = await startMosquitto()
    const site = await startMosquitto({
      lines: [
        'connection pop',
        `address ${new URL(pop.url).host}`,
        'cleansession false',
        'restart_timeout 1 5',
        'keepalive_interval 5',
        'topic # out 1',
        'topic +/+/+/+/+/replay/# in 1',
      ],
    })
    const [below, above] = [overTcp(site), overTcp(pop)]
    return {
      joinProducer: (node) => below.join(node),
      joinConsumer: (node) => above.join(node),
      async [Symbol.asyncDispose]() {
        await below[Symbol.asyncDispose]()
        await above[Symbol.asyncDispose]()
      },
    }
  },
})
