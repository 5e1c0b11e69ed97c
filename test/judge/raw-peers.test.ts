import { expect, it } from 'vitest'
import { Judge, startRawPdc, startRawPmu } from '../../judge/index.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

/** From C37.118_1PMU_TCP.pcap, IDCODE 241. */
const configuration = hex(`
  aa31008600f14893344a0019999a00ffffff0001426c756520504d55202020202020202000f100060004000000005631
  4c504d202020202020202020202056414c504d202020202020202020202056424c504d20202020202020202020205643
  4c504d202020202020202020202000000001000000010000000100000001000100590032c1e2`)
const data = hex(
  'aa01003600f14893344a001eb852080042f68f24c7c36623430188cbc7c36332c7a956764742fe4b47a91cdd4743d1440000000047ef',
)

it('carries frames from the plainest PMU to the plainest PDC, straight over TCP', async () => {
  const stop = new AbortController()
  const judge = new Judge()
  const pmu = await startRawPmu({ configuration })
  const read = new Promise<void>((resolve) => {
    startRawPdc({
      host: '127.0.0.1',
      port: pmu.port,
      idcode: 241,
      signal: stop.signal,
      onData(frame) {
        judge.read('S', frame, performance.now())
        if (judge.underWay === 0) resolve()
      },
    })
  })
  await pmu.on
  judge.wrote('S', data, performance.now())
  pmu.send(data)
  await read
  stop.abort()
  await pmu.close()
  expect(judge.verdict()).toMatchObject({ published: 1, delivered: 1, lost: 0, differing: 0 })
})
