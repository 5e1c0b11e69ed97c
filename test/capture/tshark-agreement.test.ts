import { describe, expect, it } from 'vitest'
import {
  compileDecoder,
  type DataDecoder,
  decodeConfiguration,
  FrameType,
  frameTypeOf,
} from '../../src/c37118/index.ts'
import type { Flow } from '../../src/capture/index.ts'
import { FrameExtractor } from '../../src/capture/index.ts'
import { capturePath, needsCaptures, readCapture } from '../support/captures.ts'
import { needs } from '../support/needs.ts'
import { dissect } from './tshark.ts'
import { differences } from './tshark-compare.ts'
import {
  type ExpectedField,
  expectedCommand,
  expectedConfiguration,
  expectedData,
  expectedFrame,
} from './tshark-expected.ts'

/** What tshark should print, frame by frame; undefined for a frame that it does not print. */
function expectations(capture: Uint8Array): (ExpectedField[] | undefined)[] {
  const expected: (ExpectedField[] | undefined)[] = []
  const decoders = new Map<Flow, DataDecoder>()
  const extractor = new FrameExtractor({
    frame(frame, { flow }) {
      const type = frameTypeOf(frame)
      if (type === FrameType.config2) decoders.set(flow, compileDecoder(decodeConfiguration(frame)))
      // tshark 4.0 takes the 16 bytes of a header frame without text for no C37.118.
      expected.push(frame.length === 16 ? undefined : expectedOf(frame, decoders.get(flow)))
    },
  })
  extractor.push(capture)
  extractor.end()
  return expected
}

function expectedOf(frame: Uint8Array, decoder: DataDecoder | undefined): ExpectedField[] {
  const type = frameTypeOf(frame)
  const timeBase = decoder?.configuration.timeBase
  if (type === FrameType.command) return expectedFrame(frame, timeBase, expectedCommand(frame))
  if (type === FrameType.data) {
    return expectedFrame(frame, timeBase, expectedData(decoder!.decode(frame), decoder!.configuration))
  }
  const configuration = decodeConfiguration(frame)
  return expectedFrame(frame, configuration.timeBase, expectedConfiguration(configuration))
}

const tshark = needs('tshark')
const skip = tshark.skip || needsCaptures.skip

describe.skipIf(skip)(tshark.title(needsCaptures.title('every field that tshark prints has our value')), () => {
  it.each([
    ['C37.118_1PMU_TCP.pcap', 256, 0, []],
    ['C37.118_1PMU_UDP.pcap', 361, 0, []],
    ['C37.118_1PMU_UDP_minimal.pcap', 5, 0, []],
    ['C37.118_1PMU_UDP_minimal_otherport.pcap', 5, 0, ['-d', 'udp.port==40713,synphasor']],
    ['C37.118_2PMUsInSync_TCP.pcap', 3010, 0, []],
    ['c37_1100_clean_tcp.pcap', 426, 1, []],
  ])('of %s', (name, frames, unprinted, options) => {
    const printed = dissect(capturePath(name), options)
    const expected = expectations(readCapture(name))
    const comparable = expected.filter((fields) => fields !== undefined)
    expect(printed).toHaveLength(frames)
    expect(comparable).toHaveLength(frames)
    expect(expected).toHaveLength(frames + unprinted)
    const wrong = comparable.flatMap((fields, i) =>
      differences(printed[i]!, fields).map((text) => `frame ${i}: ${text}`),
    )
    expect(wrong.slice(0, 10)).toEqual([])
  })
})
