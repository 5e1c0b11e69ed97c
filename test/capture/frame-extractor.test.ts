import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../src/capture/index.ts'
import { needsCaptures, readCapture } from '../support/captures.ts'
import { extract, inPieces } from './collect.ts'
import { connection, datagrams, pcapOf, pdc, pmu, segmentsOf } from './conversation.ts'
import { asHex, concat, dataFrames, golden } from './frames.ts'

const frames = [golden.config2, ...dataFrames(30)]
const stream = concat(frames)
const hexes = frames.map(asHex)
const hexesOf = (capture: Uint8Array): string[] => extract([capture]).frames.map(({ hex }) => hex)

/** Deterministic noise that has a SYNC byte now and then. */
function noise(length: number, seed = 1): Uint8Array {
  let state = seed
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 24
  })
}

describe('the frames of a TCP connection', () => {
  const disturbance = fc.record({
    cuts: fc.array(fc.nat(), { maxLength: 60 }),
    again: fc.array(fc.tuple(fc.nat(), fc.nat(200)), { maxLength: 10 }),
    jitter: fc.array(fc.nat(6), { minLength: 100, maxLength: 100 }),
    chunks: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }),
  })

  it('are found whole and in order however they were cut, repeated, overlapped and reordered', () => {
    fc.assert(
      fc.property(disturbance, ({ cuts, again, jitter, chunks }) => {
        const segments = segmentsOf(stream.length, cuts)
        for (const [start, size] of again) {
          const first = start % stream.length
          segments.push({ start: first, end: Math.min(stream.length, first + 1 + size) })
        }
        const order = segments.map((segment, i) => ({ segment, at: i + jitter[i % jitter.length]! }))
        const disturbed = order.toSorted((a, b) => a.at - b.at).map(({ segment }) => segment)
        const found = extract(inPieces(pcapOf(connection(stream, disturbed)), chunks))
        expect(found.frames.map(({ hex }) => hex)).toEqual(hexes)
        expect(found).toMatchObject({ gaps: [], discarded: 0, report: { c37118Flows: 1, malformed: 0 } })
      }),
      { numRuns: 200 },
    )
  })

  it('are lost only where the capture misses a part of them; the gap is reported', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 3, maxLength: 40 }), fc.nat(), (cuts, which) => {
        const segments = segmentsOf(stream.length, cuts)
        const missing = segments[which % segments.length]!
        // One byte missing at the very end looks like the FIN.
        fc.pre(missing.start < stream.length - 1)
        const kept = segments.filter((segment) => segment !== missing)
        const { frames: found, gaps } = extract([pcapOf(connection(stream, kept))])

        let at = 0
        const expected = hexes.filter((hex) => {
          const start = at
          at += hex.length / 2
          return at <= missing.start || start >= missing.end
        })
        expect(found.map(({ hex }) => hex)).toEqual(expected)
        expect(gaps).toEqual(expected.length > 0 ? [missing.end - missing.start] : [])
      }),
      { numRuns: 200 },
    )
  })

  it('come without waiting for what the other side has and the capture has not', () => {
    const segments = frames.slice(1).map((_, i) => ({ start: 134 + i * 54, end: 188 + i * 54 }))
    const packets = connection(stream, segments.slice(0, 3), { acknowledged: false })
    const later = connection(stream, segments.slice(4, 12), { joined: true })
    const times: (number | undefined)[] = []
    const ack = later.at(-1)!
    const capture = pcapOf([...packets, ack, ...later.slice(0, -1)], 20_000)
    for (const { timeUs } of extract([capture]).frames) times.push(timeUs)
    // 7 packets before, then one frame with every packet: the first of them is not held back.
    expect(times.slice(3)).toEqual(Array.from({ length: 8 }, (_, i) => 1.7e15 + (7 + i) * 20_000))
  })

  it('are found from the middle of a connection on, and the rest of the first frame is reported', () => {
    const joined = stream.subarray(100)
    const { frames: found, discarded } = extract([
      pcapOf(connection(joined, segmentsOf(joined.length, [7, 300]), { joined: true })),
    ])
    expect(found.map(({ hex }) => hex)).toEqual(hexes.slice(1))
    expect(discarded).toBe(34)
  })

  it('keep their direction: commands go one way, data the other', () => {
    const command = golden.sendConfig2
    const asks = connection(command, [{ start: 0, end: 18 }], { from: pmu, to: pdc, joined: true })
    const answers = connection(stream, segmentsOf(stream.length, []), { joined: true })
    const found = extract([pcapOf([...asks, ...answers])]).frames
    expect(found.map(({ direction }) => [direction.from, direction.to]).slice(0, 2)).toEqual([
      [pdc, pmu],
      [pmu, pdc],
    ])
    expect(found[0]?.direction.flow).toBe(found[1]?.direction.flow)
  })

  it('are told closed when the connection ends', () => {
    const packets = connection(stream, segmentsOf(stream.length, [500]))
    const rst = connection(new Uint8Array(0), [], { acknowledged: false })[0]!.slice()
    rst[47] = 4
    expect(extract([pcapOf([...packets, rst])]).closed).toHaveLength(2)
  })
})

describe('the frames of UDP', () => {
  it('are found, one or several to a datagram', () => {
    const payloads = [golden.config2, concat(dataFrames(3)), dataFrames(4)[3]!]
    expect(hexesOf(pcapOf(datagrams(payloads)))).toEqual([asHex(golden.config2), ...dataFrames(4).map(asHex)])
  })

  it('do not reach into the next datagram', () => {
    const [first, second] = dataFrames(2) as [Uint8Array, Uint8Array]
    const { frames: found, discarded } = extract([
      pcapOf(datagrams([first, first.subarray(0, 30), second, second.subarray(30)])),
    ])
    expect(found.map(({ hex }) => hex)).toEqual([asHex(first), asHex(second)])
    expect(discarded).toBe(54)
  })
})

describe('a flow is C37.118 by what it carries', () => {
  const port = (n: number): { from: Endpoint; to: Endpoint } => ({
    from: { address: '10.0.0.99', port: n },
    to: { address: '10.0.0.98', port: 443 },
  })

  it('and everything else is ignored and counted', () => {
    const other = noise(600_000)
    const cuts = Array.from({ length: 600 }, (_, i) => i * 1000)
    const foreign = connection(other, segmentsOf(other.length, cuts), port(5000))
    const packets = [...foreign, ...connection(stream, segmentsOf(stream.length, [99])), ...datagrams([noise(900)])]
    const found = extract([pcapOf(packets)])
    expect(found.frames.map(({ hex }) => hex)).toEqual(hexes)
    expect(found.discarded).toBe(0)
    expect(found.report).toMatchObject({ c37118Flows: 1, foreignFlows: 2, flows: 3 })
  })

  it('so one frame amid noise proves nothing, two of one IDCODE do', () => {
    const lonely = concat([noise(500), golden.data, noise(300_000, 2)])
    const cuts = Array.from({ length: 300 }, (_, i) => i * 1000)
    expect(hexesOf(pcapOf(connection(lonely, segmentsOf(lonely.length, cuts), { joined: true })))).toEqual([])

    const pair = concat([noise(500), golden.data, noise(50, 2), golden.data])
    const { frames: found, discarded } = extract([
      pcapOf(connection(pair, segmentsOf(pair.length, []), { joined: true })),
    ])
    expect(found).toHaveLength(2)
    expect(discarded).toBe(550)
  })

  it('and gets its chance again when a new connection begins', () => {
    const foreign = noise(300_000)
    const cuts = Array.from({ length: 300 }, (_, i) => i * 1000)
    const first = connection(foreign, segmentsOf(foreign.length, cuts))
    expect(hexesOf(pcapOf([...first, ...connection(stream, segmentsOf(stream.length, []))]))).toEqual(hexes)
  })

  it('and is kept when thousands of other flows come by', () => {
    const [begin, rest] = [
      connection(stream, [{ start: 0, end: 1000 }], { acknowledged: false }),
      stream.subarray(1000),
    ]
    const scans = Array.from({ length: 3000 }, (_, i) => connection(noise(20), [{ start: 0, end: 20 }], port(6000 + i)))
    const tail = connection(concat([stream.subarray(0, 1000), rest]), [{ start: 1000, end: stream.length }], {
      joined: true,
    })
    const found = extract([pcapOf([...begin, ...scans.flat(), ...tail])], { maxFlows: 100 })
    expect(found.frames.map(({ hex }) => hex)).toEqual(hexes)
    expect(found).toMatchObject({ gaps: [], discarded: 0 })
    expect(found.report.evictedFlows).toBeGreaterThan(2900)
  })

  it('and flows that begin a giant frame each together hold no more than their bound', () => {
    const giant = concat([Uint8Array.of(0xaa, 0x31, 0xff, 0xff), new Uint8Array(40_000)])
    const liars = Array.from({ length: 50 }, (_, i) =>
      connection(giant, segmentsOf(giant.length, [10_000, 20_000, 30_000]), port(7000 + i)),
    )
    const packets = [...liars.flat(), ...connection(stream, segmentsOf(stream.length, [99]))]
    const found = extract([pcapOf(packets)], { maxUnprovenBytes: 100_000 })
    expect(found.frames.map(({ hex }) => hex)).toEqual(hexes)
    expect(found.report).toMatchObject({ foreignFlows: 50, c37118Flows: 1 })
  })
})

describe('a raw stream', () => {
  it('gives its frames without a time, and reports what lies between them', () => {
    const found = extract([concat([noise(100), ...frames.slice(0, 3), noise(7), ...frames.slice(3)])])
    expect(found.frames.map(({ hex, timeUs }) => [hex, timeUs])).toEqual(hexes.map((hex) => [hex, undefined]))
    expect(found.discarded).toBe(107)
    expect(found.frames[0]?.direction.flow.transport).toBe('raw')
  })

  it('that ends inside a frame reports the rest', () => {
    const found = extract([stream.subarray(0, stream.length - 10)])
    expect(found.frames).toHaveLength(frames.length - 1)
    expect(found.discarded).toBe(44)
  })
})

describe.skipIf(needsCaptures.skip)(needsCaptures.title('real captures, mutilated'), () => {
  const names = ['C37.118_1PMU_TCP.pcap', 'C37.118_1PMU_UDP.pcap', 'gsf_framecapture.PmuCapture']

  it.each(names)('%s never throws anything but a CaptureError', (name) => {
    const bytes = readCapture(name)
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.nat(bytes.length), (changes, length) => {
        const copy = bytes.slice(0, length)
        for (const [at, value] of changes) if (at < length) copy[at] = value
        expect(extract(inPieces(copy, [4096])).report.bytes).toBeLessThanOrEqual(length)
      }),
      { numRuns: 150 },
    )
  })

  it('cut off in a packet, they give every frame before it and say where', () => {
    const bytes = readCapture('C37.118_1PMU_TCP.pcap')
    const whole = hexesOf(bytes)
    const { frames: found, report } = extract([bytes.slice(0, 30_000)])
    expect(found.length).toBeGreaterThan(100)
    expect(found.map(({ hex }) => hex)).toEqual(whole.slice(0, found.length))
    expect(report.fault).toMatchObject({ code: 'CAPTURE_TRUNCATED' })
  })
})
