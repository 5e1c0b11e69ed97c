/**
 * The part of a configuration that repeats per PMU. CFG-1 and CFG-2 share one
 * form; CFG-3 differs in names, unit words and some fields more.
 */
import type { ByteReader } from './byte-reader.ts'
import { type ByteWriter, checkInteger } from './byte-writer.ts'
import type { AnalogChannel, DigitalWord, PhasorChannel, PmuConfiguration } from './configuration.ts'
import { decodeFormat, encodeFormat } from './format.ts'
import { FrameError } from './frame-error.ts'
import { fixedNames, type NameForm, prefixedNames, type WireName } from './names.ts'
import { decodePlace, encodePlace } from './pmu-place.ts'
import { anscale, anunit, phscale, phunit, readUnit, type UnitForm, writeUnit } from './unit-words.ts'
import { decodeUuid, encodeUuid } from './uuid.ts'

const LABELS_PER_WORD = 16
const FNOM_50 = 1

/** What differs between the forms of a block. */
interface BlockForm {
  readonly names: NameForm
  // biome-ignore lint/suspicious/noExplicitAny: the fields of a unit are the unit's own
  readonly phasorUnit: UnitForm<PhasorChannel, any>
  // biome-ignore lint/suspicious/noExplicitAny: the fields of a unit are the unit's own
  readonly analogUnit: UnitForm<AnalogChannel, any>
  readonly extended: boolean
}

const config2: BlockForm = { names: fixedNames, phasorUnit: phunit, analogUnit: anunit, extended: false }
const config3: BlockForm = { names: prefixedNames, phasorUnit: phscale, analogUnit: anscale, extended: true }

/** The form of a block in a configuration of this type. */
export const blockFormOf = (type: number): BlockForm => (type === 5 ? config3 : config2)

/*
  CFG-1, CFG-2 block => STN IDCODE FORMAT PHNMR ANNMR DGNMR CHNAM PHUNIT ANUNIT DIGUNIT FNOM CFGCNT
  CFG-3 block => STN IDCODE G_PMU_ID FORMAT PHNMR ANNMR DGNMR CHNAM PHSCALE ANSCALE DIGUNIT
                 PMU_LAT PMU_LON PMU_ELEV SVC_CLASS WINDOW GRP_DLY FNOM CFGCNT
    STN      => name
    G_PMU_ID => BYTE x 16
    CHNAM    => name x (PHNMR + ANNMR + 16 x DGNMR)
    DIGUNIT  => (normal(UINT16) valid(UINT16)) x DGNMR
    FNOM     => UINT16   bit 0: 1 is 50 Hz, 0 is 60 Hz
    others   => UINT16, unless unit-words.ts or pmu-place.ts say otherwise
*/
export function readPmuBlock(reader: ByteReader, form: BlockForm): PmuConfiguration {
  const { names, phasorUnit, analogUnit, extended } = form
  const stn = names.read(reader)
  const idcode = reader.uint16()
  const gPmuId = extended ? { gPmuId: decodeUuid(reader.bytes(16)) } : {}
  const format = decodeFormat(reader.uint16())
  const [phnmr, annmr, dgnmr] = [reader.uint16(), reader.uint16(), reader.uint16()]

  const phasorNames = readTimes(phnmr, () => names.read(reader))
  const analogNames = readTimes(annmr, () => names.read(reader))
  const labels = readTimes(dgnmr, () => readTimes(LABELS_PER_WORD, () => names.read(reader)))
  const phasors = phasorNames.map((name) =>
    readUnit(phasorUnit, reader.bytes(phasorUnit.size), channelName(name) as PhasorChannel),
  )
  const analogs = analogNames.map((name) => readUnit(analogUnit, reader.bytes(analogUnit.size), channelName(name)))
  const digitals = labels.map((word) => digitalWord(word, reader.uint16(), reader.uint16()))
  const place = extended ? decodePlace(reader) : {}
  const fnom = reader.uint16()
  const fnomReserved = fnom & ~FNOM_50

  return {
    stn: stn.text,
    ...(stn.bytes && { stnBytes: stn.bytes }),
    idcode,
    ...gPmuId,
    format,
    phasors,
    analogs,
    digitals,
    ...place,
    fnom: fnom & FNOM_50 ? 50 : 60,
    ...(fnomReserved !== 0 && { fnomReserved }),
    cfgcnt: reader.uint16(),
  }
}

export function writePmuBlock(writer: ByteWriter, pmu: PmuConfiguration, form: BlockForm): void {
  const { names, phasorUnit, analogUnit, extended } = form
  const { phasors, analogs, digitals } = pmu
  names.write(writer, 'STN', pmu.stn, pmu.stnBytes)
  writer.uint16(pmu.idcode, 'IDCODE')
  if (extended) writer.bytes(encodeUuid(pmu.gPmuId))
  writer.uint16(encodeFormat(pmu.format), 'FORMAT')
  writer.uint16(phasors.length, 'PHNMR')
  writer.uint16(analogs.length, 'ANNMR')
  writer.uint16(digitals.length, 'DGNMR')

  for (const { name, nameBytes } of [...phasors, ...analogs]) names.write(writer, 'CHNAM', name, nameBytes)
  for (const word of digitals) writeLabels(writer, word, names)
  for (const phasor of phasors) writer.bytes(writeUnit(phasorUnit, phasor))
  for (const analog of analogs) writer.bytes(writeUnit(analogUnit, analog))
  for (const { normal, valid } of digitals) {
    writer.uint16(normal, 'DIGUNIT normal state')
    writer.uint16(valid, 'DIGUNIT valid inputs')
  }
  if (extended) encodePlace(writer, pmu)
  writer.uint16(fnomWord(pmu), 'FNOM')
  writer.uint16(pmu.cfgcnt, 'CFGCNT')
}

function fnomWord({ fnom, fnomReserved = 0 }: PmuConfiguration): number {
  if (fnom !== 50 && fnom !== 60) checkInteger(fnom, 'FNOM', 50, 50)
  return (fnom === 50 ? FNOM_50 : 0) | (fnomReserved & 0xfffe)
}

const channelName = ({ text, bytes }: WireName): { name: string; nameBytes?: Uint8Array } =>
  bytes ? { name: text, nameBytes: bytes } : { name: text }

function digitalWord(labels: readonly WireName[], normal: number, valid: number): DigitalWord {
  const kept = labels.flatMap(({ bytes }, at): [number, Uint8Array][] => (bytes ? [[at, bytes]] : []))
  return {
    labels: labels.map(({ text }) => text),
    ...(kept.length > 0 && { labelBytes: Object.fromEntries(kept) }),
    normal,
    valid,
  }
}

function writeLabels(writer: ByteWriter, { labels, labelBytes }: DigitalWord, names: NameForm): void {
  if (labels.length > LABELS_PER_WORD) {
    throw new FrameError(
      { code: 'DATA_SHAPE_MISMATCH', field: 'labels', count: labels.length, expected: LABELS_PER_WORD },
      `a digital word has ${LABELS_PER_WORD} labels, not ${labels.length}`,
    )
  }
  for (let bit = 0; bit < LABELS_PER_WORD; bit++) names.write(writer, 'CHNAM', labels[bit] ?? '', labelBytes?.[bit])
}

/** `Array.from({ length })` would set aside room for a count that the bytes do not bear out. */
function readTimes<T>(count: number, read: () => T): T[] {
  const all: T[] = []
  for (let at = 0; at < count; at++) all.push(read())
  return all
}
