import { describe, expect, it } from 'vitest'
import { FrameType, frameTypeOf, idcodeOf } from '../../src/c37118/index.ts'
import { FrameExtractor } from '../../src/capture/index.ts'
import { openDialogue, ServerConfig, SourceConfig, startServer, startSource } from '../../src/link/index.ts'
import { needsCaptures, readCapture } from '../support/captures.ts'
import { testDeps } from '../support/deps.ts'
import { command, connectRawPdc, frameType } from '../support/raw-pdc.ts'
import { cmd, startScriptedPmu } from '../support/scripted-pmu.ts'

interface Recording {
  readonly config2: Uint8Array
  readonly header: Uint8Array | undefined
  readonly data: readonly Uint8Array[]
}

/** What one PMU of a capture sent. */
function recordingOf(file: string, idcode: number): Recording {
  const frames: Uint8Array[] = []
  const extractor = new FrameExtractor({
    frame: (frame) => {
      if (idcodeOf(frame) === idcode) frames.push(frame)
    },
  })
  extractor.push(readCapture(file))
  extractor.end()
  const ofType = (type: number): Uint8Array[] => frames.filter((frame) => frameTypeOf(frame) === type)
  return { config2: ofType(FrameType.config2)[0]!, header: ofType(FrameType.header)[0], data: ofType(FrameType.data) }
}

describe.skipIf(needsCaptures.skip)(needsCaptures.title('a real PMU, read by a source, served to a PDC'), () => {
  it.each([
    ['C37.118_1PMU_TCP.pcap', 241, 252],
    ['C37.118_1PMU_UDP.pcap', 60, 356],
    ['C37.118_2PMUsInSync_TCP.pcap', 241, 1501],
    ['C37.118_2PMUsInSync_TCP.pcap', 60, 1501],
    ['c37_1100_clean_tcp.pcap', 1, 422],
  ])('%s, IDCODE %d: %d data frames, byte for byte', async (file, idcode, count) => {
    const recording = recordingOf(file, idcode)
    expect(recording.data.length).toBe(count)
    await using deps = testDeps()
    await using pmu = await startScriptedPmu()
    pmu
      .on(cmd.config2, (client) => client.write(recording.config2))
      .on(cmd.header, (client) => recording.header && client.write(recording.header))

    const server = deps.stops(startServer(ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'] }), deps))
    await server.listening
    const stream = server.stream(idcode)
    const source = SourceConfig.parse({ transport: `tcp://127.0.0.1:${pmu.port}`, idcode, settleMs: 1 })
    deps.stops(
      startSource(source, {
        ...deps,
        sink: {
          data: (frame) => stream.data(frame),
          configuration: (fragments) => stream.configuration(fragments),
          header: (frame) => stream.header(frame),
          online() {},
          offline() {},
        },
      }),
    )

    await using pdc = await connectRawPdc(server.address.port)
    pdc.send(command(idcode, cmd.config2), command(idcode, cmd.on))
    expect(await pdc.received(frameType.config2)).toEqual([Buffer.from(recording.config2)])
    await pmu.commanded(cmd.on)
    pmu.clients[0]!.write(...recording.data)
    const received = await pdc.received(frameType.data, count)
    expect(Buffer.concat(received).equals(Buffer.concat(recording.data))).toBe(true)
  })
})

describe.skipIf(needsCaptures.skip)(needsCaptures.title('a dialogue with a real PMU'), () => {
  it('gives what it answers, and says what it does not', async () => {
    const recording = recordingOf('c37_1100_clean_tcp.pcap', 1)
    await using pmu = await startScriptedPmu()
    pmu
      .on(cmd.config2, (client) => client.write(recording.data[0]!, recording.config2))
      .on(cmd.header, (client) => client.write(recording.header!))
    const config = SourceConfig.parse({ transport: `tcp://127.0.0.1:${pmu.port}`, idcode: 1, answerMs: 50 })
    await using dialogue = await openDialogue(config, new AbortController().signal)
    expect(await dialogue.ask('header')).toEqual([Buffer.from(recording.header!)])
    expect(await dialogue.ask('config-3')).toBeUndefined()
    expect(await dialogue.ask('config-2')).toEqual([Buffer.from(recording.config2)])
    expect(pmu.commands.map((received) => received.cmd)).toEqual([cmd.off, cmd.header, cmd.config3, cmd.config2])
  })

  it('ends with an error when nobody is there', async () => {
    const pmu = await startScriptedPmu()
    await pmu[Symbol.asyncDispose]()
    const config = SourceConfig.parse({ transport: `tcp://127.0.0.1:${pmu.port}`, idcode: 1 })
    await expect(openDialogue(config, new AbortController().signal)).rejects.toMatchObject({
      facts: { code: 'LINK_CONNECT_FAILED', reason: 'ECONNREFUSED' },
    })
  })
})
