import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  compileEncoder,
  decodeConfiguration,
  encodeConfiguration,
  stampFrame,
} from '../../src/c37118/index.ts'
import { deferred } from '../../src/runtime/deferred.ts'
import { golden, hex } from '../fixtures/golden.ts'
import { startLine } from '../support/line.ts'

const before: Configuration = decodeConfiguration(hex(golden.bluePmuConfig))

/** The same PMU after an engineer took a channel away. */
const fewerPhasors: Configuration = {
  ...before,
  pmus: before.pmus.map((pmu) => ({ ...pmu, phasors: pmu.phasors.slice(0, 3), cfgcnt: pmu.cfgcnt + 1 })),
}
/** The same PMU after an engineer renamed it: data frames keep their size. */
const renamed: Configuration = {
  ...before,
  pmus: before.pmus.map((pmu) => ({ ...pmu, stn: 'Green PMU', cfgcnt: pmu.cfgcnt + 1 })),
}

const statConfigurationChange = 1 << 10

function* framesOf(configuration: Configuration, stat = 0): Generator<Uint8Array> {
  const encoder = compileEncoder(configuration)
  const columns = encoder.createColumns()
  for (let i = 0; ; i++) {
    columns.stat.fill(stat)
    const frame = encoder.encode(columns)
    stampFrame(frame, { soc: 1_700_000_000 + Math.floor(i / 50), fraction: (i % 50) * 335_544 })
    yield frame
  }
}

const config2Of = (configuration: Configuration): Uint8Array => encodeConfiguration(configuration)[0]!

describe('a PMU that changes its configuration', () => {
  it.each([
    ['the size of its frames', fewerPhasors, 0],
    ['a name, and says so in STAT bit 10', renamed, statConfigurationChange],
  ])('makes the PDC fetch anew when it changes %s', async (_what, after, stat) => {
    const fetched: Uint8Array[] = []
    const { promise: fetchedTwice, resolve } = deferred()
    await using line = await startLine({
      broker: 'embedded',
      configurations: [config2Of(before)],
      onConfiguration(_idcode, frame) {
        fetched.push(frame)
        if (fetched.length === 2) resolve()
      },
    })
    const old = framesOf(before)
    for (let i = 0; i < 50; i++) line.send(old.next().value!)
    await line.read(50)

    line.pmu.reconfigure(config2Of(after))
    const fresh = framesOf(after, stat)
    const sending = setInterval(() => line.pmu.send(fresh.next().value!), 20)
    await fetchedTwice
    clearInterval(sending)

    expect(fetched.map((frame) => decodeConfiguration(frame).pmus[0])).toMatchObject([
      { stn: 'Blue PMU', cfgcnt: 89 },
      { stn: after.pmus[0]!.stn, cfgcnt: 90, phasors: after.pmus[0]!.phasors },
    ])
    expect(line.judge.verdict()).toMatchObject({ published: 50, delivered: 50 })
  })

  it('never gives the PDC a frame that the configuration it fetched does not describe', async () => {
    const sizes: number[] = []
    let described = 0
    const { promise: goneOn, resolve } = deferred()
    await using line = await startLine({
      broker: 'embedded',
      configurations: [config2Of(before)],
      onConfiguration(_idcode, frame) {
        described = compileDecoder(decodeConfiguration(frame)).frameSize
      },
      onData(_idcode, frame) {
        sizes.push(frame.length - described)
        if (sizes.length > 60) resolve()
      },
    })
    const old = framesOf(before)
    for (let i = 0; i < 50; i++) line.pmu.send(old.next().value!)
    line.pmu.reconfigure(config2Of(fewerPhasors))
    const fresh = framesOf(fewerPhasors)
    const sending = setInterval(() => line.pmu.send(fresh.next().value!), 5)
    await goneOn
    clearInterval(sending)
    expect(sizes.filter((difference) => difference !== 0)).toEqual([])
  })
})
