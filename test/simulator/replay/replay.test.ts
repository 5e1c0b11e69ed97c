import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkFrame, decodeConfiguration, encodeConfiguration, fractionOf, socOf } from '../../../src/c37118/index.ts'
import type { ScheduleClock } from '../../../src/simulator/index.ts'
import { RecordingReader } from '../../../src/simulator/replay/recording-reader.ts'
import { type Replay, startReplay } from '../../../src/simulator/replay/replay.ts'
import { loopPeriodUs, TimeShift } from '../../../src/simulator/replay/time-shift.ts'
import { connection, datagrams, pcapOf, segmentsOf } from '../../capture/conversation.ts'
import { asHex, concat, dataFrames, golden } from '../../capture/frames.ts'
import { needsCaptures, readCapture } from '../../support/captures.ts'
import { type TestDeps, testDeps } from '../../support/deps.ts'
import { pcapFrames } from '../../support/pcap-frames.ts'
import { command, connectRawPdc, frameType } from '../../support/raw-pdc.ts'

function record(capture: Uint8Array, given: Uint8Array[][] = []) {
  const reader = new RecordingReader({ given })
  reader.push(capture)
  return reader.end()
}

const fast = { host: '127.0.0.1', port: 0, wait: true, speed: 100 }

/** What one PDC gets from each replayed PMU: its CFG-2, and all data until the replay is over. */
async function readBack(replay: Replay, deps: TestDeps) {
  deps.stops(replay)
  await replay.ready
  const pdcs = await Promise.all(
    replay.streams.map(async ({ address, recorded }) => {
      const pdc = await connectRawPdc(address.port)
      pdc.send(command(recorded.idcode, 5))
      const [config] = await pdc.received(frameType.config2)
      pdc.send(command(recorded.idcode, 2))
      return { pdc, config: config! }
    }),
  )
  await replay.done
  await Promise.all(pdcs.map(({ pdc }) => pdc.closed))
  return pdcs.map(({ pdc, config }) => ({
    config,
    data: pdc.frames.filter((frame) => ((frame[1]! >> 4) & 7) === frameType.data),
  }))
}

// The configuration of a journal's segment may be days older than the data.
it('a raw stream begins with its first data, however old the configuration before it is', () => {
  const { events } = record(concat([golden.config2, ...dataFrames(3)])).streams[0]!
  expect(events.map(({ kind }) => kind)).toEqual(['configuration', 'data', 'data', 'data'])
  expect(events[1]!.atUs - events[0]!.atUs).toBe(0)
  expect(events[2]!.atUs - events[1]!.atUs).toBeGreaterThan(0)
})

const digest = (frames: readonly Uint8Array[]): string => createHash('sha256').update(concat(frames)).digest('hex')

// What the capture has is found here by a reader of its own, that shares nothing with src/.
describe.skipIf(needsCaptures.skip)(needsCaptures.title('a replayed capture'), () => {
  it.each([
    'C37.118_1PMU_TCP.pcap',
    'C37.118_1PMU_UDP.pcap',
    'C37.118_1PMU_UDP_minimal.pcap',
    'C37.118_1PMU_UDP_minimal_otherport.pcap',
    'C37.118_2PMUsInSync_TCP.pcap',
    'c37_1100_clean_tcp.pcap',
  ])('%s comes out of the sockets byte for byte', async (name) => {
    await using deps = testDeps()
    const original = pcapFrames(readCapture(name))
    const got = await readBack(startReplay(record(readCapture(name)), fast, deps), deps)
    expect(got.map(({ config }) => asHex(config))).toEqual(original.configurations.map(asHex))
    for (const [i, { data }] of got.entries()) {
      const idcode = original.configurations[i]!.readUInt16BE(4)
      const sent = original.data.filter((frame) => frame.readUInt16BE(4) === idcode)
      expect({ frames: data.length, digest: digest(data) }).toEqual({ frames: sent.length, digest: digest(sent) })
    }
  })

  it('that has no configuration is played with one that is given, at the pace of its timestamps', async () => {
    await using deps = testDeps()
    const bytes = readCapture('gsf_framecapture.PmuCapture')
    expect(record(bytes)).toMatchObject({ streams: [], unplayable: [{ idcode: 1, dataFrames: 494 }] })

    const blue = decodeConfiguration(golden.config2)
    const [pmu] = blue.pmus
    // 88 bytes: six polar phasors, three analogs, a digital word, all floats.
    const phasors = Array.from({ length: 6 }, () => pmu!.phasors[0]!)
    const analogs = Array.from({ length: 3 }, (_, i) => ({ name: `A${i}`, type: 0, scale: 1 }))
    const format = { ...pmu!.format, polar: true, freq: 'float32' as const }
    const digitals = [{ labels: Array<string>(16).fill(''), normal: 0, valid: 0xffff }]
    const given = encodeConfiguration({
      ...blue,
      idcode: 1,
      timeBase: 1_000_000,
      dataRate: 30,
      pmus: [{ ...pmu!, format, phasors, digitals, analogs }],
    })
    const recording = record(bytes, [given])
    expect(recording.streams).toMatchObject([{ idcode: 1, transport: 'raw', dataFrames: 494 }])
    const { events } = recording.streams[0]!
    // The step back of 33 ms takes no time.
    expect(Math.round((events.at(-1)!.atUs - events[0]!.atUs) / 1000)).toBe(16_467)
    const [got] = await readBack(startReplay(recording, fast, deps), deps)
    expect(digest(got!.data)).toBe(createHash('sha256').update(bytes).digest('hex'))
  })
})

/** Time that stands still but for waiting. */
function jumpingClock(startMs = 1_800_000_000_000): ScheduleClock & { now: number } {
  return {
    now: startMs,
    utcMs() {
      return this.now
    },
    async wait(ms) {
      this.now += ms
      await new Promise<void>((resolve) => setImmediate(resolve))
    },
  }
}

/** Plays until `enough` frames were sent, by a clock that jumps; with the time of each. */
async function playUntil(capture: Uint8Array, input: object, enough: number) {
  await using deps = testDeps()
  const clock = jumpingClock()
  const sent: { readonly frame: Uint8Array; readonly ms: number; readonly stream: number }[] = []
  const replay: Replay = startReplay(
    record(capture),
    { host: '127.0.0.1', port: 0, ...input },
    {
      ...deps,
      clock,
      onFrame(stream, frame) {
        sent.push({ frame, ms: clock.now, stream: replay.streams.indexOf(stream) })
        if (sent.length === enough) deps.abort()
      },
    },
  )
  await deps.stops(replay).done
  return { sent, rounds: replay.rounds }
}

describe('the pace', () => {
  const frames = dataFrames(6)
  const segments = [{ start: 0, end: 134 }, ...frames.map((_, i) => ({ start: 134 + 54 * i, end: 188 + 54 * i }))]
  const capture = pcapOf(connection(concat([golden.config2, ...frames]), segments), 20_000)
  const pauses = (times: readonly { ms: number }[]) => times.slice(1).map(({ ms }, i) => ms - times[i]!.ms)

  it.each([
    [1, [20, 20, 20, 20, 20]],
    [4, [5, 5, 5, 5, 5]],
    [0.5, [40, 40, 40, 40, 40]],
  ])('is %d times the original', async (speed, expected) => {
    const { sent, rounds } = await playUntil(capture, { speed }, 99)
    expect(pauses(sent).map(Math.round)).toEqual(expected)
    expect(rounds).toBe(1)
  })

  it('goes on in a loop without a break in the rhythm', async () => {
    const { sent, rounds } = await playUntil(capture, { loop: true }, 24)
    expect(new Set(pauses(sent).map(Math.round))).toEqual(new Set([20]))
    expect(sent.map(({ frame }) => asHex(frame)).slice(18)).toEqual(frames.map(asHex))
    expect(rounds).toBe(4)
  })

  it('catches up what it missed, and no frame is left out', async () => {
    await using deps = testDeps()
    const clock = jumpingClock()
    const sent: string[] = []
    const onFrame = (_: unknown, frame: Uint8Array): void => {
      if (sent.push(asHex(frame)) === 2) clock.now += 1000
    }
    await deps.stops(startReplay(record(capture), { port: 0 }, { ...deps, clock, onFrame })).done
    expect(sent).toEqual(frames.map(asHex))
  })
})

describe('new timestamps', () => {
  const timesOf = (frames: readonly Uint8Array[]) => frames.map((frame) => socOf(frame) + fractionOf(frame) / 0xffffff)
  const capture = (frames: readonly Uint8Array[]): Uint8Array =>
    pcapOf(connection(concat([golden.config2, ...frames]), segmentsOf(134 + frames.length * 54, [133])), 20_000)

  it('are now, keep FRACSEC to the bit and have a right CHK', async () => {
    const original = dataFrames(60)
    const { sent } = await playUntil(capture(original), { timestamps: 'now' }, 60)
    expect(sent).toHaveLength(60)
    for (const [i, { frame, ms }] of sent.entries()) {
      checkFrame(frame)
      expect(fractionOf(frame)).toBe(fractionOf(original[i]!))
      expect(Math.abs(timesOf([frame])[0]! - ms / 1000)).toBeLessThan(1.2)
    }
  })

  it('are sent as long after their instant as was asked for', async () => {
    const frames = dataFrames(50)
    const segments = [{ start: 0, end: 134 }, ...frames.map((_, i) => ({ start: 134 + 54 * i, end: 188 + 54 * i }))]
    const paced = pcapOf(connection(concat([golden.config2, ...frames]), segments), 20_000)
    const { sent } = await playUntil(paced, { timestamps: 'now', latencyMs: 30 }, 50)
    for (const { frame, ms } of sent) {
      const late = ms / 1000 - timesOf([frame])[0]!
      expect(late).toBeGreaterThan(0.029)
      expect(late).toBeLessThan(0.032)
    }
  })

  it('go on in a loop, slot after slot', async () => {
    const { sent } = await playUntil(capture(dataFrames(70)), { timestamps: 'now', loop: true, speed: 10 }, 500)
    const slots = timesOf(sent.map(({ frame }) => frame)).map((time) => Math.round(time * 50))
    expect(new Set(slots.slice(1).map((slot, i) => slot - slots[i]!))).toEqual(new Set([1]))
    for (const { frame } of sent) {
      const fraction = fractionOf(frame)
      expect(Math.abs(fraction - Math.round((fraction * 50) / 0xffffff) * (0xffffff / 50))).toBeLessThanOrEqual(0.5)
    }
  })

  it('are not led astray by a stale frame after a restart', async () => {
    const [stale, ...rest] = dataFrames(20) as [Uint8Array, ...Uint8Array[]]
    const shift = new TimeShift(decodeConfiguration(golden.config2))
    const { stampFrame } = await import('../../../src/c37118/index.ts')
    stampFrame(stale, shift.apply({ soc: socOf(stale), fraction: 0 }, -63 * 86_400, 0))
    const { sent } = await playUntil(capture([stale, ...rest]), { timestamps: 'now' }, 20)
    const [first, ...others] = timesOf(sent.map(({ frame }) => frame))
    for (const time of others) expect(Math.abs(time - 1_800_000_000)).toBeLessThan(3)
    expect(others[0]! - first!).toBeCloseTo(63 * 86_400 + 0.02, 3)
  })
})

describe('a recording', () => {
  const stream = concat([golden.config2, ...dataFrames(4)])
  const cuts = segmentsOf(stream.length, [])

  it('joins a device that was connected to again', () => {
    const first = connection(stream, cuts, { from: { address: '10.0.0.20', port: 1111 } })
    const second = connection(stream, cuts, { from: { address: '10.0.0.20', port: 2222 } })
    expect(record(pcapOf([...first, ...second])).streams).toMatchObject([{ idcode: 241, dataFrames: 8 }])
  })

  it('keeps two PDCs apart that were connected at once', () => {
    const first = connection(stream, segmentsOf(stream.length, [200]), { from: { address: '10.0.0.20', port: 1111 } })
    const second = connection(stream, segmentsOf(stream.length, [200]), { from: { address: '10.0.0.21', port: 1111 } })
    const mixed = first.flatMap((packet, i) => [packet, second[i]!])
    expect(record(pcapOf(mixed)).streams).toMatchObject([{ dataFrames: 4 }, { dataFrames: 4 }])
  })

  it('takes the configuration of the commands over TCP for the data over UDP', () => {
    const packets = [...connection(golden.config2, segmentsOf(134, [])), ...datagrams(dataFrames(3))]
    expect(record(pcapOf(packets))).toMatchObject({ streams: [{ transport: 'udp', dataFrames: 3 }], unplayable: [] })
  })

  it('is refused when nothing in it can be played', async () => {
    await using deps = testDeps()
    expect(() => startReplay(record(concat(dataFrames(3))), {}, deps)).toThrow(
      expect.objectContaining({ facts: { code: 'REPLAY_NOTHING_TO_PLAY', unplayable: 1 } }),
    )
    expect(() => startReplay(record(stream), { speed: 0, port: -1 }, deps)).toThrow(
      expect.objectContaining({ code: 'REPLAY_BAD_SETTINGS' }),
    )
  })

  it('is refused when it is larger than its bound', () => {
    const reader = new RecordingReader({ maxBytes: 200 })
    expect(() => reader.push(stream)).toThrow(expect.objectContaining({ code: 'REPLAY_TOO_LARGE' }))
  })

  it('loops at a moment at which every stream begins a slot', () => {
    const configuration = decodeConfiguration(golden.config2)
    const of = (dataRate: number, seconds: number) => ({
      ...record(stream).streams[0]!,
      configuration: { ...configuration, dataRate },
      events: [0, seconds * 1e6].map((atUs) => ({ kind: 'data' as const, atUs, frame: golden.data })),
    })
    expect(loopPeriodUs([of(50, 0.98)])).toBe(1_000_000)
    expect(loopPeriodUs([of(50, 1)])).toBe(1_020_000)
    expect(loopPeriodUs([of(50, 1), of(60, 1)])).toBe(1_100_000)
    expect(loopPeriodUs([of(50, 1), of(-2, 1)])).toBe(4_000_000)
  })
})
