import { checkInteger } from './byte-writer.ts'
import { copyBytes } from './copy-bytes.ts'
import { CHECKSUM_SIZE, checkFrameOf, FrameType, type FrameVersion, HEADER_SIZE } from './frame.ts'
import { FrameError } from './frame-error.ts'
import { sealFrame } from './frame-writer.ts'

/** CMD: what is asked of a data stream. */
export const Command = {
  dataOff: 1,
  dataOn: 2,
  sendHeader: 3,
  sendConfig1: 4,
  sendConfig2: 5,
  sendConfig3: 6,
  /** Extended frame: the extension says what. */
  extended: 8,
} as const
export type Command = (typeof Command)[keyof typeof Command]

export interface CommandFrame {
  readonly version: FrameVersion
  /** Of the stream that is meant. */
  readonly idcode: number
  /** Often 0: many PDCs send no time. Never judge it. */
  readonly soc: number
  readonly fraction: number
  readonly timeQuality: number
  /** One of {@link Command}, 0x100 to 0xFFF for the user, or something reserved. */
  readonly command: number
  /** Extended data; empty where there are none. */
  readonly extension: Uint8Array
}

const MIN_SIZE = HEADER_SIZE + 2 + CHECKSUM_SIZE
/** Extended data are written as 16-bit words. */
const MAX_EXTENSION = 65_518 - 1

/*
  Command => header CMD(UINT16) EXTFRAME(BYTE x 0 to 65,518, mostly with CMD 8) CHK
*/
export function decodeCommand(frame: Uint8Array): CommandFrame {
  const { version, idcode, soc, fraction, timeQuality, size } = checkFrameOf(frame, FrameType.command)
  if (size < MIN_SIZE) {
    throw new FrameError({ code: 'FRAME_BAD_SIZE', size, minimum: MIN_SIZE }, 'a command frame without CMD')
  }
  const command = (frame[HEADER_SIZE]! << 8) | frame[HEADER_SIZE + 1]!
  const extension = copyBytes(frame, HEADER_SIZE + 2, size - CHECKSUM_SIZE)
  return { version, idcode, soc, fraction, timeQuality, command, extension }
}

/** Time is 0 and version 1 (2005) if left out: what every PMU takes. */
export function encodeCommand(fields: Pick<CommandFrame, 'idcode' | 'command'> & Partial<CommandFrame>): Uint8Array {
  const { idcode, command, version = 1, soc = 0, fraction = 0, timeQuality = 0, extension } = fields
  checkInteger(command, 'CMD', 0, 0xffff)
  const length = checkInteger(extension?.length ?? 0, 'length of extended data', 0, MAX_EXTENSION)
  const frame = new Uint8Array(MIN_SIZE + length)
  frame[HEADER_SIZE] = command >> 8
  frame[HEADER_SIZE + 1] = command
  if (extension) frame.set(extension, HEADER_SIZE + 2)
  return sealFrame(frame, FrameType.command, { version, idcode, soc, fraction, timeQuality })
}

/** CMD in words. */
export function describeCommand(command: number): string {
  const known = names[command]
  if (known) return known
  return command >= 0x100 && command <= 0xfff ? 'user-defined' : 'reserved'
}

const names: Readonly<Record<number, string>> = {
  [Command.dataOff]: 'data off',
  [Command.dataOn]: 'data on',
  [Command.sendHeader]: 'send HEADER',
  [Command.sendConfig1]: 'send CFG-1',
  [Command.sendConfig2]: 'send CFG-2',
  [Command.sendConfig3]: 'send CFG-3',
  [Command.extended]: 'extended frame',
}
