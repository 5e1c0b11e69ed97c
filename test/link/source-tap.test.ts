import { execFileSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Endpoint, PcapWriter, udpPacket } from '../../src/capture/index.ts'
import {
  createSharedInputs,
  SourceConfig,
  type SourceConfigInput,
  type SourceDeps,
  startSource,
} from '../../src/link/index.ts'
import { config2, dataAt, dataFrames, IDCODE } from '../support/blue-pmu.ts'
import { capturePath, needsCaptures } from '../support/captures.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { command } from '../support/raw-pdc.ts'
import { RecordingSink } from '../support/recorder.ts'
import { cmd } from '../support/scripted-pmu.ts'

function start(deps: TestDeps, config: SourceConfigInput, inputs?: SourceDeps['inputs']) {
  const sink = new RecordingSink()
  const source = deps.stops(
    startSource(SourceConfig.parse({ retry: { firstDelayMs: 1, maxDelayMs: 5 }, ...config }), {
      ...deps,
      sink,
      ...(inputs && { inputs }),
    }),
  )
  return { sink, source }
}

const writer = new PcapWriter()
const pmu: Endpoint = { address: '10.0.0.7', port: 4713 }
const pdc: Endpoint = { address: '10.0.0.20', port: 4712 }
const otherPdc: Endpoint = { address: '10.0.0.21', port: 4712 }
const otherPmu: Endpoint = { address: '10.0.0.8', port: 4713 }

const packet = (from: Endpoint, to: Endpoint, payload: Uint8Array): Uint8Array =>
  writer.packet(udpPacket(from, to, payload), 1.7e15)
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'phasorbus-'))
const buffers = (frames: readonly Uint8Array[]): Buffer[] => frames.map((frame) => Buffer.from(frame))

describe.skipIf(needsCaptures.skip)(needsCaptures.title('listening in on real traffic'), () => {
  it.each([
    ['C37.118_1PMU_TCP.pcap', 241, { data: 252, config: 1, command: 3 }],
    ['C37.118_1PMU_UDP.pcap', 60, { data: 356, config: 1, command: 4 }],
    ['C37.118_2PMUsInSync_TCP.pcap', 60, { data: 1501, config: 1, command: 3 }],
    ['c37_1100_clean_tcp.pcap', 1, { data: 422, config: 1, header: 1, command: 3 }],
  ])('%s, IDCODE %d, gives every frame', async (file, idcode, frames) => {
    await using deps = testDeps()
    const { sink, source } = start(deps, { transport: `pcap:${capturePath(file)}`, idcode })
    await sink.until(({ offlines }) => offlines.length === 1)
    expect(sink.offlines[0]?.code).toBe('LINK_ENDED')
    expect(source.status()).toMatchObject({ frames, delivered: frames.data, discardedFrames: {} })
    expect(sink.frames.length).toBe(frames.data)
  })

  it('two PMUs in one capture that is read once', async () => {
    await using deps = testDeps()
    const inputs = createSharedInputs()
    const transport = `pcap:${capturePath('C37.118_2PMUsInSync_TCP.pcap')}`
    const both = [241, 60].map((idcode) => start(deps, { transport, idcode }, inputs))
    for (const { sink } of both) await sink.until(({ offlines }) => offlines.length === 1)
    expect(both.map(({ source }) => source.status().delivered)).toEqual([1501, 1501])
  })
})

describe('listening in', () => {
  it('through a named pipe, again when its writer comes back', async () => {
    await using deps = testDeps()
    const path = join(newFolder(), 'mirror')
    execFileSync('mkfifo', [path])
    const { sink } = start(deps, { transport: `pcap:${path}`, idcode: IDCODE })

    const first = createWriteStream(path)
    first.write(writer.header())
    first.write(packet(pdc, pmu, command(IDCODE, cmd.config2)))
    first.write(packet(pmu, pdc, config2))
    first.write(packet(pmu, pdc, dataAt(0)))
    await sink.until(({ frames }) => frames.length === 1)
    first.end()
    await sink.until(({ offlines }) => offlines.length > 0)
    expect(sink.offlines[0]?.code).toBe('LINK_CLOSED_BY_PEER')

    const second = createWriteStream(path)
    second.write(Buffer.concat([writer.header(), packet(pmu, pdc, config2), packet(pmu, pdc, dataAt(1))]))
    await sink.until(({ frames }) => frames.length === 2)
    second.end()
  })

  it('to the output of a program', async () => {
    await using deps = testDeps()
    const path = join(newFolder(), 'mirror.pcap')
    writeFileSync(path, Buffer.concat([writer.header(), packet(pmu, pdc, config2), packet(pmu, pdc, dataAt(0))]))
    const { sink } = start(deps, { transport: { kind: 'pcap', command: ['cat', path] }, idcode: IDCODE })
    await sink.until(({ frames }) => frames.length === 1)
  })

  it('says when the program is not there', async () => {
    await using deps = testDeps()
    const { sink } = start(deps, { transport: { kind: 'pcap', command: ['/nonexistent/tcpdump'] }, idcode: IDCODE })
    await sink.until(({ offlines }) => offlines.length > 0)
    expect(sink.offlines[0]).toMatchObject({ code: 'LINK_FAILED', reason: 'ENOENT' })
  })

  it('follows one connection of a PMU with two clients, and another PMU of the same IDCODE not at all', async () => {
    await using deps = testDeps()
    const path = join(newFolder(), 'mirror.pcap')
    const packets = dataFrames(5).flatMap((frame) => [
      packet(pmu, pdc, frame),
      packet(pmu, otherPdc, frame),
      packet(otherPmu, pdc, dataAt(99)),
    ])
    writeFileSync(path, Buffer.concat([writer.header(), packet(pmu, otherPdc, config2), ...packets]))
    const { sink, source } = start(deps, { transport: `pcap:${path}?from=10.0.0.7`, idcode: IDCODE })
    await sink.until(({ offlines }) => offlines.length === 1)
    expect(sink.frames).toEqual(buffers(dataFrames(5)))
    expect(source.status().discardedFrames).toEqual({ 'other-flow': 5, 'foreign-sender': 5 })
  })
})
