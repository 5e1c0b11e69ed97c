import { ByteReader } from './byte-reader.ts'
import { ByteWriter, checkInteger } from './byte-writer.ts'
import { type JoinedBody, joinFragments, splitBody } from './config3-fragments.ts'
import type { Configuration, ConfigurationType } from './configuration.ts'
import {
  CHECKSUM_SIZE,
  checkFrame,
  FrameType,
  HEADER_SIZE,
  MAX_FRAME_SIZE,
  readFrameHeader,
  wrongType,
} from './frame.ts'
import { FrameError } from './frame-error.ts'
import { frameTypeOf } from './frame-fields.ts'
import { sealFrame } from './frame-writer.ts'
import { sameBytes } from './names.ts'
import { blockFormOf, readPmuBlock, writePmuBlock } from './pmu-block.ts'

export const configurationTypes = [FrameType.config1, FrameType.config2, FrameType.config3] as const

/** Reads a CFG-1, a CFG-2, or all fragments of a CFG-3. Checks CHK. */
export function decodeConfiguration(frames: Uint8Array | readonly Uint8Array[]): Configuration {
  const fragments = frames instanceof Uint8Array ? [frames] : frames
  const joined = join(fragments)
  const configuration = readBody(joined)
  if (!joined.fragmentation) return configuration
  const usual = encodeConfiguration(configuration)
  const isUsual = usual.length === fragments.length && usual.every((frame, at) => sameBytes(frame, fragments[at]!))
  return isUsual ? configuration : { ...configuration, fragmentation: joined.fragmentation }
}

function join(frames: readonly Uint8Array[]): JoinedBody {
  const [frame] = frames
  if (frame === undefined) {
    throw new FrameError({ code: 'CONFIG_FRAGMENTS_INCOMPLETE', fragments: 0 }, 'no configuration frame was given')
  }
  const { type } = readFrameHeader(frame)
  if (type === FrameType.config3) return joinFragments(frames)
  if (type !== FrameType.config1 && type !== FrameType.config2) throw wrongType(type, configurationTypes)
  if (frames.length > 1) throw wrongType(frameTypeOf(frames[1]!), [FrameType.config3])
  return { header: checkFrame(frame), body: frame.subarray(HEADER_SIZE, frame.length - CHECKSUM_SIZE) }
}

/*
  CFG-1, CFG-2 body => TIME_BASE NUM_PMU block x NUM_PMU DATA_RATE
  CFG-3 body => the same, with CONT_IDX(UINT16) before it
    TIME_BASE => reserved(8) | fractions of a second(24)
    NUM_PMU   => UINT16
    DATA_RATE => INT16
*/
function readBody({ header, body }: JoinedBody): Configuration {
  const { version, idcode, soc, fraction, timeQuality } = header
  const type = header.type as ConfigurationType
  const reader = new ByteReader(body)
  const timeBase = reader.uint32()
  const count = reader.uint16()
  const form = blockFormOf(type)
  const pmus = []
  for (let at = 0; at < count; at++) pmus.push(readPmuBlock(reader, form))
  const dataRate = reader.int16()
  reader.end()
  return {
    type,
    version,
    idcode,
    soc,
    fraction,
    timeQuality,
    timeBase: timeBase & 0xffffff,
    timeBaseFlags: timeBase >>> 24,
    pmus,
    dataRate,
  }
}

/** Writes one frame, or the fragments of a CFG-3 that one frame cannot hold, in the form that openPDC writes and reads. */
export function encodeConfiguration(configuration: Configuration): Uint8Array[] {
  const { type, pmus } = configuration
  if (!configurationTypes.includes(type)) throw wrongType(type, configurationTypes)
  const writer = new ByteWriter(1024)
  const flags = checkInteger(configuration.timeBaseFlags, 'TIME_BASE flags', 0, 0xff)
  const timeBase = checkInteger(configuration.timeBase, 'TIME_BASE', 0, 0xffffff)
  writer.uint32(flags * 0x1000000 + timeBase, 'TIME_BASE')
  writer.uint16(pmus.length, 'NUM_PMU')
  const form = blockFormOf(type)
  for (const pmu of pmus) writePmuBlock(writer, pmu, form)
  writer.int16(configuration.dataRate, 'DATA_RATE')
  const body = writer.finish()
  if (type === FrameType.config3) return splitBody(configuration, body, configuration.fragmentation)

  const size = HEADER_SIZE + body.length + CHECKSUM_SIZE
  if (size > MAX_FRAME_SIZE) {
    throw new FrameError(
      { code: 'FRAME_TOO_LARGE', size, limit: MAX_FRAME_SIZE },
      `this configuration takes ${size} bytes, a CFG-1 or CFG-2 has ${MAX_FRAME_SIZE} at most; write a CFG-3`,
    )
  }
  const frame = new Uint8Array(size)
  frame.set(body, HEADER_SIZE)
  return [sealFrame(frame, type, configuration)]
}
