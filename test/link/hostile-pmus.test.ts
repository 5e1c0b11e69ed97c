import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { SourceConfig, type SourceConfigInput, startSource } from '../../src/link/index.ts'
import { config2, dataAt, dataFrames, hex, IDCODE } from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { RecordingSink } from '../support/recorder.ts'
import { cmd, type ScriptedClient, startScriptedPmu } from '../support/scripted-pmu.ts'

const FRAMES = 2_000

function read(deps: TestDeps, port: number, more: Partial<SourceConfigInput> = {}) {
  const sink = new RecordingSink()
  const config = SourceConfig.parse({
    transport: `tcp://127.0.0.1:${port}`,
    idcode: IDCODE,
    ask: [],
    settleMs: 1,
    answerMs: 50,
    stuckMs: 20,
    retry: { firstDelayMs: 1, maxDelayMs: 5 },
    ...more,
  })
  return { sink, source: deps.stops(startSource(config, { ...deps, sink })) }
}

const noise = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919 + (i >> 3)) & 0xff))

const attacks: Readonly<Record<string, (client: ScriptedClient) => void>> = {
  'sends 10 MB of noise': (client) => {
    for (let n = 0; n < 200; n++) client.write(noise)
  },
  'begins giant frames': (client) => {
    for (let n = 0; n < 100; n++) client.write(hex('aa01ffff'), noise.subarray(0, 200))
  },
  'ends in the middle of a frame': (client) => {
    client.write(config2.subarray(0, 60))
    client.reset()
  },
  'accepts and says nothing': () => {},
  'hangs up at once': (client) => client.end(),
  'floods configurations': (client) => {
    for (let n = 0; n < 500; n++) client.write(config2)
  },
  'sends data without a configuration': (client) => client.write(...dataFrames(10_000)),
  'sends a configuration that is none': (client) => {
    const broken = new Uint8Array(config2)
    new DataView(broken.buffer).setUint16(18, 60_000)
    client.write(broken)
  },
}

it.each(Object.keys(attacks))('a PMU that %s costs no frame of another', async (name) => {
  await using deps = testDeps()
  await using good = await startScriptedPmu()
  await using bad = await startScriptedPmu()
  good.on(cmd.config2, (client) => client.write(config2))
  bad.on(cmd.config2, attacks[name]!)
  read(deps, bad.port, { hold: { frames: 100, bytes: 100_000 } })
  await bad.commanded(cmd.config2)
  const { sink, source } = read(deps, good.port)
  await good.commanded(cmd.on)

  const frames = dataFrames(FRAMES)
  for (const frame of frames) {
    good.clients[0]!.write(frame)
    await turn()
  }
  await sink.until((seen) => seen.frames.length === FRAMES)
  expect(Buffer.concat(sink.frames).equals(Buffer.concat(frames))).toBe(true)
  expect(source.status()).toMatchObject({ sessions: 1, badChecksums: 0, discardedBytes: {} })
})

it('a PMU that does not read is left without waiting for it', async () => {
  await using deps = testDeps()
  await using pmu = await startScriptedPmu()
  pmu.on(cmd.config2, (client) => {
    client.write(config2)
    client.pause()
  })
  const { sink, source } = read(deps, pmu.port)
  await sink.until(({ configurations }) => configurations.length === 1)
  pmu.clients[0]!.write(dataAt(0))
  await sink.until(({ frames }) => frames.length === 1)
  deps.abort()
  await source.done
})
