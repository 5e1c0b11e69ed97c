import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeConfiguration, encodeConfiguration, FrameType, stampFrame } from '../../src/c37118/index.ts'
import { SourceConfig, type SourceConfigInput, startSource } from '../../src/link/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import {
  asConfig1,
  config2,
  config2Of,
  dataAt,
  dataFrames,
  header,
  IDCODE,
  ofIdcode,
  smallerConfig2,
  smallerDataAt,
} from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { RecordingSink } from '../support/recorder.ts'
import { cmd, type ScriptedPmu, startScriptedPmu } from '../support/scripted-pmu.ts'

const quick = {
  idcode: IDCODE,
  settleMs: 1,
  answerMs: 200,
  optionalAnswerMs: 50,
  ask: [],
  retry: { firstDelayMs: 1, maxDelayMs: 5 },
} satisfies Partial<SourceConfigInput>

function start(deps: TestDeps, pmu: ScriptedPmu, more: Partial<SourceConfigInput> = {}) {
  const sink = new RecordingSink()
  const config = SourceConfig.parse({ transport: `tcp://127.0.0.1:${pmu.port}`, ...quick, ...more })
  const source = deps.stops(startSource(config, { ...deps, sink }))
  return { sink, source }
}

const commandsOf = (pmu: ScriptedPmu): number[] => pmu.commands.map((command) => command.cmd)

describe('the dialogue of a PDC', () => {
  it('is off, CFG-2, on, and at the end off', async () => {
    await using pmu = await startScriptedPmu()
    pmu.on(cmd.config2, (client) => client.write(config2)).on(cmd.on, (client) => client.write(...dataFrames(3)))
    {
      await using deps = testDeps()
      const { sink, source } = start(deps, pmu)
      await sink.until(({ frames }) => frames.length === 3)
      expect(sink.calls).toEqual(['configuration', 'online', 'data', 'data', 'data'])
      expect(sink.configurations).toEqual([{ fragments: [Buffer.from(config2)], inForce: true }])
      expect(sink.frames).toEqual(dataFrames(3).map((frame) => Buffer.from(frame)))
      expect(source.status()).toMatchObject({ online: true, delivered: 3, badChecksums: 0, sessions: 1 })
      deps.abort()
      await source.done
      expect(sink.offlines).toEqual([{ code: 'LINK_STOPPED' }])
    }
    await pmu.commanded(cmd.off, 2)
    expect(commandsOf(pmu)).toEqual([cmd.off, cmd.config2, cmd.on, cmd.off])
    expect(new Set(pmu.commands.map(({ idcode }) => idcode))).toEqual(new Set([IDCODE]))
  })

  it('asks for header, CFG-1 and CFG-3 once data flows, and waits for none of them', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu
      .on(cmd.config2, (client) => client.write(config2))
      .on(cmd.on, (client) => client.write(dataAt(0)))
      .on(cmd.config1, (client) => client.write(asConfig1(config2), dataAt(1)))
      .on(cmd.config3, (client) => client.write(dataAt(2)))
    const { sink } = start(deps, pmu, { ask: ['header', 'config-1', 'config-3'], optionalAnswerMs: 20 })
    await sink.until(({ frames }) => frames.length === 3)
    expect(commandsOf(pmu)).toEqual([cmd.off, cmd.config2, cmd.on, cmd.header, cmd.config1, cmd.config3])
    expect(sink.configurations.map(({ inForce }) => inForce)).toEqual([true, false])
  })

  it('does not ask again for what the PMU twice hung up on', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu
      .on(cmd.config2, (client) => client.write(config2))
      .on(cmd.on, (client) => client.write(dataAt(0)))
      .on(cmd.config3, (client) => client.end())
      .on(cmd.header, (client) => client.write(header))
    const { sink, source } = start(deps, pmu, { ask: ['config-3', 'header'] })
    await sink.until(({ headers }) => headers.length === 1)
    expect(source.status().sessions).toBe(3)
    expect(commandsOf(pmu).filter((command) => command === cmd.config3).length).toBe(2)
  })

  it('hands on a header', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu.on(cmd.config2, (client) => client.write(config2)).on(cmd.header, (client) => client.write(header))
    const { sink } = start(deps, pmu, { ask: ['header'] })
    await sink.until(({ headers }) => headers.length === 1)
    expect(sink.headers[0]).toEqual(Buffer.from(header))
  })

  it('asks CFG-2 again when no answer comes, and gives up in the end', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const { lines, log } = recordedLog()
    const { sink } = start({ ...deps, log }, pmu, { answerMs: 10, attempts: 2 })
    await sink.until(({ offlines }) => offlines.length > 0)
    expect(sink.offlines[0]).toMatchObject({ code: 'LINK_NO_CONFIGURATION', attempts: 2 })
    expect(commandsOf(pmu).slice(0, 4)).toEqual([cmd.off, cmd.config2, cmd.config2, cmd.config3])
    await pmu.connected(2)
    expect(lines).toContainEqual({
      level: 'warn',
      message: expect.stringMatching(
        /^no data from the PMU: \S+ takes the connection but answers neither CFG-2 nor CFG-3$/,
      ),
      hint: expect.stringMatching(/^most often the IDCODE is another one/),
    })
  })

  it('takes a CFG-3 where CFG-2 is not answered', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const config3 = encodeConfiguration({ ...decodeConfiguration(config2), type: FrameType.config3, version: 2 })
    pmu
      .on(cmd.config3, (client) => client.write(...config3))
      .on(cmd.on, (client) => client.write(dataAt(0), config2, dataAt(1)))
    const { sink } = start(deps, pmu, { answerMs: 10, attempts: 1 })
    await sink.until(({ frames }) => frames.length === 2)
    expect(sink.calls).toEqual(['configuration', 'online', 'data', 'configuration', 'data'])
    expect(sink.configurations.map(({ inForce }) => inForce)).toEqual([true, true])
  })

  it('uses a saved configuration where nothing is answered', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'phasorbus-')), 'blue.cfg')
    writeFileSync(path, config2)
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu.on(cmd.on, (client) => client.write(dataAt(0)))
    const { sink } = start(deps, pmu, { answerMs: 10, attempts: 1, savedConfiguration: path })
    await sink.until(({ frames }) => frames.length === 1)
    expect(sink.calls).toEqual(['configuration', 'online', 'data'])
  })

  it('holds data that come before the configuration, and hands them on in order', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu
      .on(cmd.off, (client) => client.write(...dataFrames(5)))
      .on(cmd.config2, (client) => client.write(...dataFrames(2, 5), config2, ...dataFrames(2, 7)))
    const { sink } = start(deps, pmu)
    await sink.until(({ frames }) => frames.length === 9)
    expect(sink.calls.slice(0, 3)).toEqual(['configuration', 'online', 'data'])
    expect(sink.frames).toEqual(dataFrames(9).map((frame) => Buffer.from(frame)))
  })

  it('holds no more than its limits, and counts what it dropped', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu.on(cmd.config2, (client) => client.write(...dataFrames(9), config2))
    const { sink, source } = start(deps, pmu, { hold: { frames: 100, bytes: 3 * 54 } })
    await sink.until(({ frames }) => frames.length === 3)
    expect(sink.frames).toEqual(dataFrames(3, 6).map((frame) => Buffer.from(frame)))
    expect(source.status().discardedFrames).toEqual({ 'hold-overflow': 6 })
  })

  it('takes no frame of another IDCODE', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu
      .on(cmd.config2, (client) => client.write(ofIdcode(config2, 7), config2))
      .on(cmd.on, (client) => client.write(ofIdcode(dataAt(0), 7), dataAt(1)))
    const { sink, source } = start(deps, pmu)
    await sink.until(({ frames }) => frames.length === 1)
    expect(sink.frames).toEqual([Buffer.from(dataAt(1))])
    expect(source.status().discardedFrames).toEqual({ 'foreign-idcode': 2 })
  })

  it('passes a latched timestamp on untouched', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const stale = dataAt(-50 * 3600 * 24 * 63)
    pmu.on(cmd.config2, (client) => client.write(config2)).on(cmd.on, (client) => client.write(stale, dataAt(0)))
    const { sink } = start(deps, pmu)
    await sink.until(({ frames }) => frames.length === 2)
    expect(sink.frames[0]).toEqual(Buffer.from(stale))
  })
})

describe('the configuration is read again', () => {
  const changeStat = 0x0400
  const rising = async (deps: TestDeps, pmu: ScriptedPmu, more: Partial<SourceConfigInput> = {}) => {
    pmu.on(cmd.config2, (client) => client.write(config2)).on(cmd.on, (client) => client.write(dataAt(0)))
    const started = start(deps, pmu, more)
    await started.sink.until(({ frames }) => frames.length === 1)
    return started
  }

  it('when STAT bit 10 rises, while it stands, and when it falls', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const { sink } = await rising(deps, pmu, { rereadMs: 30 })
    const [client] = pmu.clients
    client!.write(dataAt(1, { stat: changeStat }))
    await pmu.commanded(cmd.config2, 2)
    await sink.until(({ configurations }) => configurations.length === 2)
    const standing = setInterval(() => client!.write(dataAt(2, { stat: changeStat })), 5)
    await pmu.commanded(cmd.config2, 4)
    clearInterval(standing)
    client!.write(dataAt(3))
    await pmu.commanded(cmd.config2, 5)
    await sink.until(({ configurations }) => configurations.length === 5)
  })

  it('not more often than it may while the bit flickers', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const { sink } = await rising(deps, pmu)
    for (let n = 1; n <= 100; n++) pmu.clients[0]!.write(dataAt(n, { stat: n % 2 ? changeStat : 0 }))
    await sink.until(({ frames }) => frames.length === 101)
    expect(commandsOf(pmu).filter((command) => command === cmd.config2).length).toBeLessThanOrEqual(2)
  })

  it('when CFGCNT of a CFG-1 is another, and the rest is asked when that of CFG-2 is', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const { sink } = await rising(deps, pmu, { ask: ['header'] })
    await pmu.commanded(cmd.header, 1)
    pmu.on(cmd.config2, (client) => client.write(config2Of(90)))
    pmu.clients[0]!.write(asConfig1(config2Of(90)))
    await pmu.commanded(cmd.config2, 2)
    await sink.until(({ configurations }) => configurations.length === 3)
    await pmu.commanded(cmd.header, 2)
  })

  it('when a data frame has another size, which is kept until the configuration is there', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const { sink } = await rising(deps, pmu)
    pmu.on(cmd.config2, (client) => client.write(smallerDataAt(3), smallerConfig2, smallerDataAt(4)))
    pmu.clients[0]!.write(dataAt(1), smallerDataAt(2))
    await sink.until(({ frames }) => frames.length === 5)
    expect(sink.calls.slice(-5)).toEqual(['data', 'configuration', 'data', 'data', 'data'])
    expect(sink.frames.map((frame) => frame.length)).toEqual([54, 54, 46, 46, 46])
  })

  it('and a single frame of another size is dropped when the stream goes on as before', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const { sink, source } = await rising(deps, pmu)
    pmu.on(cmd.config2, () => {})
    pmu.clients[0]!.write(smallerDataAt(1), dataAt(2))
    await sink.until(({ frames }) => frames.length === 2)
    expect(source.status().discardedFrames).toEqual({ 'other-size': 1 })
  })

  it('and the session ends when the configuration never describes the data', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const { sink } = await rising(deps, pmu, { attempts: 1 })
    pmu.clients[0]!.write(smallerDataAt(1))
    await sink.until(({ configurations }) => configurations.length === 2)
    pmu.clients[0]!.write(smallerDataAt(2), smallerDataAt(3))
    await sink.until(({ offlines }) => offlines.length === 1)
    expect(sink.offlines[0]).toMatchObject({ code: 'LINK_UNDESCRIBED', size: 46, expected: 54 })
  })

  it('and begins anew where only a CFG-3 describes them from then on', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const { sink } = await rising(deps, pmu, { attempts: 1, answerMs: 20 })
    const config3 = encodeConfiguration({ ...decodeConfiguration([smallerConfig2]), type: FrameType.config3 })
    pmu.on(cmd.config2, () => {}).on(cmd.config3, (client) => client.write(...config3))
    pmu.on(cmd.on, (client) => client.write(smallerDataAt(1)))
    const changed = setInterval(() => pmu.clients[0]!.write(smallerDataAt(0)), 5)
    await sink.until(({ offlines }) => offlines.length === 1)
    clearInterval(changed)
    expect(sink.offlines[0]).toMatchObject({ code: 'LINK_UNDESCRIBED' })
    await sink.until(({ frames }) => frames.at(-1)?.equals(smallerDataAt(1)) ?? false)
  })

  it('once more when it is wanted while an answer is awaited', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const silence = { floorMs: 60_000 }
    const { source } = await rising(deps, pmu, { attempts: 1, answerMs: 600, rereadMs: 3_600_000, silence })
    pmu.on(cmd.config2, () => {})
    const [client] = pmu.clients
    client!.write(dataAt(1, { stat: changeStat }))
    await pmu.commanded(cmd.config2, 2)
    // Falls while nothing was answered; what is answered late is of before.
    client!.write(dataAt(2))
    pmu.on(cmd.config2, (to) => to.write(config2Of(90)))
    await pmu.commanded(cmd.config2, 3)
    expect(source.status().sessions).toBe(1)
  })
})

describe('a session ends and begins anew', () => {
  it('when the PMU falls silent, by its DATA_RATE', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu.on(cmd.config2, (client) => client.write(config2)).on(cmd.on, (client) => client.write(dataAt(0)))
    const { sink } = start(deps, pmu, { silence: { periods: 4, floorMs: 20 } })
    await sink.until(({ offlines }) => offlines.length === 1)
    // Four periods of 20 ms are longer than the floor.
    expect(sink.offlines[0]).toMatchObject({ code: 'LINK_SILENT', silentMs: 80 })
    await sink.until(({ calls }) => calls.filter((call) => call === 'online').length === 2)
  })

  it.each(['end', 'reset'] as const)('when the PMU hangs up (%s) in the middle of a frame', async (how) => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu.on(cmd.config2, (client) => client.write(config2)).on(cmd.on, (client) => client.write(dataAt(0)))
    const { sink, source } = start(deps, pmu)
    await sink.until(({ frames }) => frames.length === 1)
    pmu.clients[0]!.write(dataAt(1).subarray(0, 20))
    pmu.clients[0]![how]()
    await sink.until(({ frames }) => frames.length === 2)
    // Some systems show a reset as an end.
    expect(['LINK_CLOSED_BY_PEER', 'LINK_FAILED']).toContain(sink.offlines[0]?.code)
    expect(source.status()).toMatchObject({ online: true, sessions: 2 })
  })

  it('when nobody listens at the address, again and again', async () => {
    const pmu = await startScriptedPmu()
    await pmu[Symbol.asyncDispose]()
    await using deps = testDeps()
    const { sink } = start(deps, pmu)
    await sink.until(({ offlines }) => offlines.length === 3)
    expect(sink.offlines[2]).toMatchObject({ code: 'LINK_CONNECT_FAILED', reason: 'ECONNREFUSED' })
  })
})

describe('noise', () => {
  it('is told once, however much of it there is, and again after something good', async () => {
    const warnings: string[] = []
    await using deps = testDeps({ ...silentLog, warn: (_facts, message) => void warnings.push(message) })
    await using pmu = await startScriptedPmu()
    pmu.on(cmd.config2, (client) => client.write(config2)).on(cmd.on, (client) => client.write(dataAt(0)))
    const { sink, source } = start(deps, pmu)
    await sink.until(({ frames }) => frames.length === 1)
    // Its number of PMUs is more than it has room for.
    const bad = new Uint8Array(config2)
    bad[19] = 0xff
    stampFrame(bad, { soc: 0, fraction: 0 })
    const noise = Array.from({ length: 100 }, (_, n) => [bad, smallerDataAt(n), dataAt(n)]).flat()
    pmu.clients[0]!.write(...noise)
    await sink.until(({ frames }) => frames.length === 101)
    expect(source.status().discardedFrames).toEqual({ 'bad-configuration': 100, 'other-size': 100 })
    expect(warnings.toSorted()).toEqual(['data frame of another size', 'refused a configuration'])
    pmu.clients[0]!.write(config2, ...noise)
    await sink.until(({ frames }) => frames.length === 201)
    expect(warnings).toHaveLength(4)
  })

  it('between frames costs no frame', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const broken = dataAt(1)
    broken[20] = broken[20]! ^ 1
    pmu
      .on(cmd.config2, (client) => client.write(Uint8Array.of(0, 0xaa, 0xff, 1), config2))
      .on(cmd.on, (client) => client.write(dataAt(0), broken, dataAt(2), Uint8Array.of(1, 2, 3), dataAt(3)))
    const { sink, source } = start(deps, pmu)
    await sink.until(({ frames }) => frames.length === 3)
    expect(sink.frames).toEqual([dataAt(0), dataAt(2), dataAt(3)].map((frame) => Buffer.from(frame)))
    deps.abort()
    await source.done
    expect(source.status().badChecksums).toBe(1)
    expect(Object.values(source.status().discardedBytes).reduce((sum, count) => sum + count, 0)).toBe(4 + 54 + 3)
  })

  it('that looks like the beginning of a large frame does not hold up the stream', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    const giant = Uint8Array.of(0xaa, 0x01, 0xff, 0xff)
    pmu
      .on(cmd.config2, (client) => client.write(config2))
      .on(cmd.on, (client) => client.write(dataAt(0), giant, ...dataFrames(3, 1)))
    const { sink } = start(deps, pmu, { stuckMs: 20 })
    await sink.until(({ frames }) => frames.length === 4)
  })
})
