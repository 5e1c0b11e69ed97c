/** What others read of a PDC's output: pypmu as a PDC, and tshark on the wire. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startRawPmu } from '../../judge/index.ts'
import { EmbeddedBrokerConfig, startEmbeddedBroker } from '../../src/bus/index.ts'
import { Command, compileDecoder, decodeConfiguration, idcodeOf, stampFrame } from '../../src/c37118/index.ts'
import { PcapWriter, udpPacket } from '../../src/capture/index.ts'
import { ServerConfig } from '../../src/config/server.ts'
import { SourceConfig } from '../../src/link/index.ts'
import { startPdc } from '../../src/pdc/index.ts'
import { dissect } from '../capture/tshark.ts'
import { needsCaptures, readCapture } from '../support/captures.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { every20ms } from '../support/live-frames.ts'
import { needs } from '../support/needs.ts'
import { pcapFrames } from '../support/pcap-frames.ts'
import { endPypmu, pypmu, pypmuLines } from '../support/pypmu.ts'
import { command, connectRawPdc, frameType } from '../support/raw-pdc.ts'

const pypmuNeed = needs('python:synchrophasor')
const tshark = needs('tshark')
const idcode = 700

/** The two PMUs of a capture, in the time of now, and a PDC that reads them itself. */
async function startPair(deps: TestDeps) {
  const { configurations, data } = pcapFrames(readCapture('C37.118_2PMUsInSync_TCP.pcap'))
  const pmu = await startRawPmu({ configuration: configurations })
  const broker = deps.stops(await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps))
  const bus = broker.bus({ area: 'a', locationType: 'b', locationId: 'c', nodeId: 'n' })
  const source = (of: Uint8Array) =>
    SourceConfig.parse({ transport: `tcp://127.0.0.1:${pmu.port}`, idcode: idcodeOf(of), silence: { floorMs: 60_000 } })
  const pdc = deps.stops(
    startPdc(
      {
        id: 'pair',
        inputs: configurations.map((of) => ({ name: `${idcodeOf(of)}`, source: source(of) })),
        outputs: [
          {
            id: 'pair',
            idcode,
            dataRate: 50,
            timeBase: 1_000_000,
            header: 'two PMUs',
            wait: 'relative',
            waitUs: 1_000_000,
            leadUs: 10_000_000,
            staleUs: 60_000_000,
            silentUs: 60_000_000,
            settleUs: 200_000,
            server: ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'] }),
          },
        ],
      },
      { ...deps, bus, buses: [bus], node: 'a/b/c/NODE/n' },
    ),
  )
  await pdc.ready
  await pmu.on
  const timeBase = new Map(configurations.map((of) => [idcodeOf(of), decodeConfiguration(of).timeBase]))
  const firstMs = Math.ceil(Date.now() / 20) * 20
  const framesOf = configurations.map((of) => data.filter((frame) => idcodeOf(frame) === idcodeOf(of)))
  let at = 0
  const sending = every20ms(() => {
    const ms = firstMs + 20 * at
    for (const frames of framesOf) {
      const frame = Uint8Array.from(frames[at % frames.length]!)
      const fraction = Math.round(((ms % 1000) / 1000) * timeBase.get(idcodeOf(frame))!)
      stampFrame(frame, { soc: Math.floor(ms / 1000), fraction, timeQuality: 0 })
      pmu.send(frame)
    }
    at++
  })
  onTestFinished(async () => {
    sending.stop()
    await pmu.close()
  })
  return { port: pdc.servers.get('pair')!.address.port }
}

describe.skipIf(needsCaptures.skip)(needsCaptures.title('the output of a PDC'), () => {
  it.skipIf(pypmuNeed.skip)(pypmuNeed.title('is read by pypmu as by us'), async () => {
    await using deps = testDeps()
    const { port } = await startPair(deps)
    await using client = await connectRawPdc(port)
    client.send(command(idcode, Command.dataOn))
    await client.received(frameType.data)
    const child = pypmu('pdc.py', port, idcode, 50)
    onTestFinished(() => endPypmu(child))
    let decoder: ReturnType<typeof compileDecoder> | undefined
    let read = 0
    for await (const { word, bytes, rest } of pypmuLines(child)) {
      if (word === 'config') decoder = compileDecoder(decodeConfiguration(bytes))
      if (word !== 'data') continue
      const { measurements } = JSON.parse(rest)
      const { pmus } = decoder!.decode(bytes)
      expect(measurements).toHaveLength(2)
      pmus.forEach(({ idcode: of, freq, phasors }, i) => {
        const theirs = measurements[i]
        expect([theirs.stream_id, theirs.stat]).toEqual([of, 'ok'])
        expect(theirs.frequency).toBeCloseTo(freq, 5)
        phasors.forEach(({ magnitude, angle }, j) => {
          expect(theirs.phasors[j][0] / magnitude).toBeCloseTo(1, 6)
          expect(theirs.phasors[j][1]).toBeCloseTo(angle, 6)
        })
      })
      if (++read === 50) break
    }
    expect(read).toBe(50)
  })

  it.skipIf(tshark.skip)(
    tshark.title('is dissected by tshark without a complaint, CHK, sizes and both PMUs'),
    async () => {
      await using deps = testDeps()
      const { port } = await startPair(deps)
      await using client = await connectRawPdc(port)
      const asked = [Command.sendHeader, Command.sendConfig1, Command.sendConfig2, Command.sendConfig3, Command.dataOn]
      client.send(...asked.map((one) => command(idcode, one)))
      await client.received(frameType.data, 20)
      const folder = mkdtempSync(join(tmpdir(), 'phasorbus-tshark-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      const path = join(folder, 'pdc.pcap')
      const writer = new PcapWriter()
      const ends = [4713, 4714].map((port) => ({ address: '127.0.0.1', port }))
      const frames = client.frames.slice(0, 24)
      writeFileSync(
        path,
        Buffer.concat([
          writer.header(),
          ...frames.map((frame, n) => writer.packet(udpPacket(ends[0]!, ends[1]!, frame), n)),
        ]),
      )
      const dissected = dissect(path)
      expect(dissected).toHaveLength(frames.length)
      const shown = (fields: (typeof dissected)[number]): string => fields.map(({ showname }) => showname).join('\n')
      for (const fields of dissected) {
        expect(shown(fields)).toMatch(/Checksum.*\[correct\]|Checksum Status: Good/i)
        expect(shown(fields)).not.toMatch(/malformed|too short|missing/i)
      }
      const ofBoth = dissected.filter((fields) => shown(fields).split('Phasor #1:').length === 3)
      expect(ofBoth.length).toBeGreaterThanOrEqual(20)
    },
  )
})
