import { describe, expect, it } from 'vitest'
import { FrameType, frameTypeOf, idcodeOf } from '../../src/c37118/index.ts'
import { needsCaptures, readCapture } from '../support/captures.ts'
import { extract, inPieces } from './collect.ts'

const names = new Map(Object.entries(FrameType).map(([name, type]) => [type, name]))

function counts(name: string): object {
  const { frames, gaps, discarded, report } = extract([readCapture(name)])
  const types: Record<string, number> = {}
  const idcodes = new Set<number>()
  for (const { hex } of frames) {
    const bytes = Buffer.from(hex, 'hex')
    const type = names.get(frameTypeOf(bytes))!
    types[type] = (types[type] ?? 0) + 1
    if (type === 'data') idcodes.add(idcodeOf(bytes))
  }
  const { format, fault, c37118Flows } = report
  return {
    ...types,
    idcodes: [...idcodes].toSorted((a, b) => a - b),
    gaps,
    discarded,
    format,
    fault,
    flows: c37118Flows,
  }
}

const clean = { gaps: [], discarded: 0, format: 'pcap', fault: undefined, flows: 1 }

// The expected numbers are those of the captures' README, counted with another decoder.
describe.skipIf(needsCaptures.skip)(needsCaptures.title('every real capture is read whole'), () => {
  it.each([
    ['C37.118_1PMU_TCP.pcap', { ...clean, command: 3, config2: 1, data: 252, idcodes: [241] }],
    ['C37.118_1PMU_UDP.pcap', { ...clean, command: 4, config2: 1, data: 356, idcodes: [60] }],
    ['C37.118_1PMU_UDP_minimal.pcap', { ...clean, command: 3, config2: 1, data: 1, idcodes: [60] }],
    ['C37.118_1PMU_UDP_minimal_otherport.pcap', { ...clean, command: 3, config2: 1, data: 1, idcodes: [60] }],
    ['C37.118_2PMUsInSync_TCP.pcap', { ...clean, command: 6, config2: 2, data: 3002, idcodes: [60, 241], flows: 2 }],
    ['c37_1100_clean_tcp.pcap', { ...clean, command: 3, config2: 1, header: 1, data: 422, idcodes: [1] }],
    ['gsf_framecapture.PmuCapture', { ...clean, format: 'raw', data: 494, idcodes: [1] }],
  ])('%s', (name, expected) => {
    expect(counts(name)).toEqual(expected)
  })

  it('gives the same frames however the file was chunked', () => {
    const bytes = readCapture('c37_1100_clean_tcp.pcap')
    const whole = extract([bytes]).frames.map(({ hex, timeUs }) => [hex, timeUs])
    for (const sizes of [[1], [7, 1, 4096], [65_536]]) {
      expect(extract(inPieces(bytes, sizes)).frames.map(({ hex, timeUs }) => [hex, timeUs])).toEqual(whole)
    }
  })

  it('knows where a frame came from and when', () => {
    const [first, second] = extract([readCapture('C37.118_1PMU_TCP.pcap')]).frames
    expect(first).toMatchObject({
      timeUs: 1_218_021_007_700_230,
      direction: { from: { address: '192.168.0.20', port: 36835 }, to: { address: '192.168.0.241', port: 4712 } },
    })
    expect(second?.direction).toBe(first?.direction.flow.backward)
  })
})
