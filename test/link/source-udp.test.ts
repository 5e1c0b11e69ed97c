import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  createSharedInputs,
  SourceConfig,
  type SourceConfigInput,
  type SourceDeps,
  startSource,
} from '../../src/link/index.ts'
import { config2, dataAt, dataFrames, IDCODE, ofIdcode, smallerConfig2, smallerDataAt } from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { freeUdpPort, openRawUdp } from '../support/raw-udp.ts'
import { RecordingSink } from '../support/recorder.ts'
import { cmd, startScriptedPmu, startScriptedUdpPmu } from '../support/scripted-pmu.ts'

const quick = { idcode: IDCODE, settleMs: 1, ask: [], retry: { firstDelayMs: 1, maxDelayMs: 5 } } as const

function start(
  deps: TestDeps,
  transport: SourceConfigInput['transport'],
  more: Partial<SourceConfigInput> = {},
  inputs?: SourceDeps['inputs'],
) {
  const sink = new RecordingSink()
  const config = SourceConfig.parse({ ...quick, transport, ...more })
  const source = deps.stops(startSource(config, { ...deps, sink, ...(inputs && { inputs }) }))
  return { sink, source }
}

const buffers = (frames: readonly Uint8Array[]): Buffer[] => frames.map((frame) => Buffer.from(frame))

/** Sends until the source listens: nobody tells when it does. */
function repeat(send: () => void): () => void {
  send()
  const timer = setInterval(send, 5)
  return () => clearInterval(timer)
}

describe('UDP commanded', () => {
  it('is the same dialogue, with several frames in a datagram too', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedUdpPmu()
    pmu
      .on(cmd.config2, (client) => client.write(config2))
      .on(cmd.on, (client) => client.write(dataAt(0), Buffer.concat(dataFrames(2, 1))))
    const { sink, source } = start(deps, `udp://127.0.0.1:${pmu.port}`)
    await sink.until(({ frames }) => frames.length === 3)
    expect(sink.frames).toEqual(buffers(dataFrames(3)))
    deps.abort()
    await source.done
    await pmu.commanded(cmd.off, 2)
    expect(pmu.commands.map((received) => received.cmd)).toEqual([cmd.off, cmd.config2, cmd.on, cmd.off])
  })

  it('asks again when a datagram is lost', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedUdpPmu()
    let asked = 0
    pmu.on(cmd.config2, (client) => void (++asked > 1 && client.write(config2)))
    pmu.on(cmd.on, (client) => client.write(dataAt(0)))
    const { sink } = start(deps, `udp://127.0.0.1:${pmu.port}`, { answerMs: 20 })
    await sink.until(({ frames }) => frames.length === 1)
  })

  it('believes only the PMU it asked', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedUdpPmu()
    await using stranger = await openRawUdp({ host: '127.0.0.2' })
    const local = await freeUdpPort()
    pmu
      .on(cmd.config2, (client) => {
        stranger.send(smallerConfig2, local)
        stranger.send(dataAt(7), local)
        client.write(config2)
      })
      .on(cmd.on, (client) => client.write(dataAt(0)))
    const { sink, source } = start(deps, { kind: 'udp', host: '127.0.0.1', port: pmu.port, local: { port: local } })
    await sink.until(({ frames }) => frames.length === 1)
    expect(sink.configurations.length).toBe(1)
    expect(source.status().discardedFrames).toEqual({ 'foreign-sender': 2 })
  })

  it('counts a datagram of junk, and the frame behind the junk is taken', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedUdpPmu()
    pmu
      .on(cmd.config2, (client) => client.write(config2))
      .on(cmd.on, (client) =>
        client.write(
          Uint8Array.of(1, 2, 3),
          Buffer.concat([Uint8Array.of(0xaa), dataAt(0)]),
          dataAt(1).subarray(0, 30),
          dataAt(2),
        ),
      )
    const { sink, source } = start(deps, `udp://127.0.0.1:${pmu.port}`)
    await sink.until(({ frames }) => frames.length === 2)
    expect(sink.frames).toEqual(buffers([dataAt(0), dataAt(2)]))
    expect(Object.values(source.status().discardedBytes).reduce((sum, count) => sum + count, 0)).toBe(3 + 1 + 30)
  })
})

describe('TCP commands with UDP data', () => {
  it('takes commands and configuration there, data here', async () => {
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    await using udp = await openRawUdp()
    const port = await freeUdpPort()
    pmu
      .on(cmd.config2, (client) => client.write(config2))
      .on(cmd.on, () => dataFrames(3).forEach((frame) => void udp.send(frame, port)))
    const { sink } = start(deps, `tcp+udp://127.0.0.1:${pmu.port}?data=${port}`)
    await sink.until(({ frames }) => frames.length === 3)
    expect(sink.frames).toEqual(buffers(dataFrames(3)))
  })
})

describe('UDP spontaneous', () => {
  it('holds data until CFG-2 comes by itself', async () => {
    await using deps = testDeps()
    await using pmu = await openRawUdp()
    const port = await freeUdpPort()
    const { sink, source } = start(deps, `udp-spontaneous://127.0.0.1:${port}?from=127.0.0.1`)
    const stop = repeat(() => pmu.send(dataAt(0), port))
    await becomes(() => source.status().frames.data > 2)
    stop()
    pmu.send(config2, port)
    pmu.send(dataAt(1), port)
    await sink.until(({ frames }) => frames.at(-1)?.equals(dataAt(1)) ?? false)
    expect(sink.calls.slice(0, 3)).toEqual(['configuration', 'online', 'data'])
    expect(sink.frames.length).toBe(source.status().frames.data)
  })

  it('begins with a configuration saved in a file, until another comes over the wire', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'phasorbus-')), 'blue.cfg')
    writeFileSync(path, config2)
    await using deps = testDeps()
    await using pmu = await openRawUdp()
    const port = await freeUdpPort()
    const { sink } = start(deps, `udp-spontaneous://127.0.0.1:${port}`, { savedConfiguration: path })
    const stop = repeat(() => pmu.send(dataAt(0), port))
    await sink.until(({ frames }) => frames.length >= 1)
    stop()
    expect(sink.calls.slice(0, 3)).toEqual(['configuration', 'online', 'data'])
    pmu.send(smallerDataAt(1), port)
    pmu.send(smallerConfig2, port)
    await sink.until(({ frames }) => frames.at(-1)?.equals(smallerDataAt(1)) ?? false)
    expect(sink.configurations.length).toBe(2)
  })

  it('says what is wrong with a saved configuration', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'phasorbus-')), 'other.cfg')
    writeFileSync(path, ofIdcode(config2, 7))
    await using deps = testDeps()
    const { sink } = start(deps, `udp-spontaneous://127.0.0.1:${await freeUdpPort()}`, { savedConfiguration: path })
    await sink.until(({ offlines }) => offlines.length > 0)
    expect(sink.offlines[0]).toMatchObject({ code: 'LINK_SAVED_CONFIGURATION_BAD', path })
  })

  it('is offline when silent, and online again without a new session', async () => {
    await using deps = testDeps()
    await using pmu = await openRawUdp()
    const port = await freeUdpPort()
    const { sink, source } = start(deps, `udp-spontaneous://127.0.0.1:${port}`, {
      silence: { periods: 2, floorMs: 30 },
    })
    const stop = repeat(() => {
      pmu.send(config2, port)
      pmu.send(dataAt(0), port)
    })
    await sink.until(({ frames }) => frames.length > 0)
    stop()
    await sink.until(({ offlines }) => offlines.length === 1)
    expect(sink.offlines[0]).toMatchObject({ code: 'LINK_SILENT', silentMs: 40 })
    pmu.send(dataAt(1), port)
    await sink.until(({ calls }) => calls.filter((call) => call === 'online').length === 2)
    expect(source.status().sessions).toBe(1)
  })

  it('lets several sources read one port, told apart by address and IDCODE', async () => {
    await using deps = testDeps()
    await using here = await openRawUdp()
    await using there = await openRawUdp({ host: '127.0.0.2' })
    const port = await freeUdpPort()
    const inputs = createSharedInputs()
    const listen = (from: string, idcode: number) =>
      start(deps, `udp-spontaneous://0.0.0.0:${port}?from=${from}`, { idcode }, inputs)
    const [a, b, c] = [listen('127.0.0.1', IDCODE), listen('127.0.0.1', 7), listen('127.0.0.2', IDCODE)]
    const stop = repeat(() => {
      for (const [pmu, idcode] of [
        [here, IDCODE],
        [here, 7],
        [there, IDCODE],
      ] as const) {
        pmu.send(ofIdcode(config2, idcode), port)
        pmu.send(ofIdcode(dataAt(pmu === here ? 1 : 2), idcode), port)
      }
    })
    await Promise.all([a, b, c].map(({ sink }) => sink.until(({ frames }) => frames.length > 2)))
    stop()
    const seen = [a, b, c].map(({ sink }) => new Set(sink.frames.map((frame) => frame.toString('hex'))))
    const hexOf = (frame: Uint8Array): string => Buffer.from(frame).toString('hex')
    expect(seen).toEqual([
      new Set([hexOf(dataAt(1))]),
      new Set([hexOf(ofIdcode(dataAt(1), 7))]),
      new Set([hexOf(dataAt(2))]),
    ])
  })

  it('joins a multicast group', async () => {
    await using deps = testDeps()
    await using pmu = await openRawUdp()
    pmu.socket.setMulticastInterface('127.0.0.1')
    const port = await freeUdpPort()
    const { sink } = start(deps, `udp-spontaneous://239.255.11.8:${port}?interface=127.0.0.1`)
    const stop = repeat(() => {
      pmu.send(config2, port, '239.255.11.8')
      pmu.send(dataAt(0), port, '239.255.11.8')
    })
    await sink.until(({ frames }) => frames.length > 0)
    stop()
  })

  it('says when a group cannot be joined, and holds no port open meanwhile', async () => {
    await using deps = testDeps()
    const port = await freeUdpPort()
    // TEST-NET-1: no interface of this machine.
    const { sink, source } = start(deps, `udp-spontaneous://239.255.11.8:${port}?interface=192.0.2.1`)
    await sink.until(({ offlines }) => offlines.length > 2)
    expect(sink.offlines[0]).toMatchObject({ code: 'LINK_LISTEN_FAILED', reason: 'ENODEV' })
    deps.abort()
    await source.done
    await using _port = await openRawUdp({ port })
  })

  it('joins a group again that another stream of the port left', async () => {
    await using deps = testDeps()
    await using pmu = await openRawUdp()
    pmu.socket.setMulticastInterface('127.0.0.1')
    const port = await freeUdpPort()
    const inputs = createSharedInputs()
    const at = (host: string): string => `udp-spontaneous://${host}:${port}?interface=127.0.0.1`
    start(deps, at('239.255.11.8'), { idcode: 7 }, inputs)
    const hears = async (): Promise<void> => {
      await using own = testDeps()
      const { sink } = start(own, at('239.255.11.9'), {}, inputs)
      const stop = repeat(() => {
        pmu.send(config2, port, '239.255.11.9')
        pmu.send(dataAt(0), port, '239.255.11.9')
      })
      await sink.until(({ frames }) => frames.length > 0)
      stop()
    }
    await hears()
    await hears()
  })
})

describe('a shared port', () => {
  it('keeps nothing of those who no longer read it', async () => {
    const inputs = createSharedInputs()
    const port = await freeUdpPort()
    const take = () => inputs.udp({ host: '127.0.0.1', port })
    const kept = await take()
    const session = async (): Promise<WeakRef<object>> => {
      const lease = await take()
      const reader = {}
      void lease.failed.then(() => reader)
      lease.release()
      return new WeakRef(reader)
    }
    const gone = await session()
    await new Promise((resolve) => setImmediate(resolve))
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
    expect(gone.deref()).toBeUndefined()
    kept.release()
  })
})

/** Looks each turn of the event loop: a status has no event of its own. */
async function becomes(fits: () => boolean): Promise<void> {
  while (!fits()) await new Promise((resolve) => setImmediate(resolve))
}
