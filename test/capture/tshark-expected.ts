import {
  type Configuration,
  type DataSample,
  decodeCommand,
  decodeStat,
  decodeTimeQuality,
  type Format,
  type PmuConfiguration,
  type PmuSample,
  readFrameHeader,
  timestampOf,
} from '../../src/c37118/index.ts'

/**
 * What tshark should print of a field, from our own decoder's values. `show` is
 * compared as text; `numbers` with those in the long form, to the digits that
 * tshark prints.
 */
export interface ExpectedField {
  readonly name: string
  readonly show?: string
  readonly numbers?: readonly number[]
  /** Which of the numbers are degrees: tshark prints them as sent, also beyond half a turn. */
  readonly degrees?: number
  /** Text that the long form has to contain. */
  readonly contains?: string
}

const field = (name: string, show: string | number | boolean): ExpectedField => ({
  name: `synphasor.${name}`,
  show: typeof show === 'boolean' ? String(Number(show)) : String(show),
})
const numbers = (name: string, ...values: number[]): ExpectedField => ({ name: `synphasor.${name}`, numbers: values })
const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`

/** What every frame begins and ends with, around `body`. */
export function expectedFrame(frame: Uint8Array, timeBase: number | undefined, body: ExpectedField[]): ExpectedField[] {
  const { type, version, size, idcode, soc, fraction, timeQuality } = readFrameHeader(frame)
  const quality = decodeTimeQuality(timeQuality)
  const checksum = (frame[size - 2]! << 8) | frame[size - 1]!
  return [
    field('sync', hex((frame[0]! << 8) | frame[1]!, 4)),
    field('frtype', hex(type, 4)),
    field('version', version),
    field('frsize', size),
    field('idcode_stream_source', idcode),
    field('soc', socText(soc)),
    field('timeqal.lsdir', quality.leapSecondDeleted),
    field('timeqal.lsocc', quality.leapSecondOccurred),
    field('timeqal.lspend', quality.leapSecondPending),
    field('timeqal.timequalindic', hex(quality.indicator, 2)),
    field('fracsec_raw', fraction),
    ...(timeBase === undefined ? [] : [numbers('fracsec_ms', timestampOf({ soc: 0, fraction }, timeBase) * 1000)]),
    field('data', [...frame.subarray(14, size - 2)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')),
    ...body,
    field('checksum', hex(checksum, 4)),
    field('checksum.status', 1),
  ]
}

export function expectedCommand(frame: Uint8Array): ExpectedField[] {
  const { command } = decodeCommand(frame)
  return [field('command', hex(command, 4))]
}

/** Of a CFG-2. */
export function expectedConfiguration({ timeBase, pmus, dataRate }: Configuration): ExpectedField[] {
  return [
    field('conf.timebase', timeBase),
    field('conf.numpmu', pmus.length),
    ...pmus.flatMap(expectedPmu),
    field('rate_of_transmission', dataRate),
  ]
}

function expectedPmu(pmu: PmuConfiguration, index: number): ExpectedField[] {
  return [
    { name: '', show: `Station #${index + 1}: "${pmu.stn.padEnd(16)}"` },
    field('idcode_data_source', pmu.idcode),
    ...expectedFormat(pmu.format),
    field('num_phasors', pmu.phasors.length),
    field('num_analog_values', pmu.analogs.length),
    field('num_digital_status_words', pmu.digitals.length),
    ...[...pmu.phasors, ...pmu.analogs].map(({ name }) => field('channel_name', name.padEnd(16))),
    ...pmu.digitals.flatMap(({ labels }) => labels.map((label) => field('channel_name', label.padEnd(16)))),
    ...pmu.phasors.map(({ kind, phunit = 0 }) =>
      field('conversion_factor', hex((kind === 'current' ? 1 << 24 : 0) | phunit, 8)),
    ),
    ...pmu.analogs.map(({ scale = 0 }) => numbers('factor_for_analog_value', scale)),
    ...expectedMasks(pmu),
    ...expectedEnd(pmu),
  ]
}

function expectedFormat(format: Format): ExpectedField[] {
  return [
    field('conf.dfreq_format', format.freq === 'float32'),
    field('conf.analog_format', format.analogs === 'float32'),
    field('conf.phasor_format', format.phasors === 'float32'),
    field('conf.phasor_notation', format.polar),
  ]
}

function expectedMasks({ digitals }: PmuConfiguration): ExpectedField[] {
  return digitals.flatMap(({ normal, valid }) => [
    field('status_word_mask.normal_state', hex(normal, 4)),
    field('status_word_mask.valid_bits', hex(valid, 4)),
  ])
}

const expectedEnd = ({ fnom, cfgcnt }: PmuConfiguration): ExpectedField[] => [
  field('conf.fnom', fnom === 50),
  field('conf.cfgcnt', cfgcnt),
]

export function expectedData(sample: DataSample, { pmus }: Configuration): ExpectedField[] {
  return pmus.flatMap((pmu, i) => expectedPmuData(sample.pmus[i]!, pmu))
}

function expectedPmuData(sample: PmuSample, { stn, format, fnom, phasors }: PmuConfiguration): ExpectedField[] {
  const stat = decodeStat(sample.stat)
  return [
    { name: '', show: `Station: "${stn.padEnd(16)}"` },
    field('data.status', hex(stat.dataError << 14, 4)),
    field('data.sync', !stat.synchronised),
    field('data.sorting', stat.sortedByArrival),
    field('data.trigger', stat.trigger),
    field('data.CFGchange', stat.configurationChange),
    field('data.data_modified', stat.dataModified),
    field('data.pmu_tq', hex(stat.timeQuality, 4)),
    field('data.t_unlock', hex(stat.unlockedTime, 4)),
    field('data.trigger_reason', hex(stat.triggerReason, 4)),
    ...sample.phasors.map(({ name, magnitude, angle, re, im }, i) => ({
      name: 'synphasor.phasor',
      show: name.padEnd(16),
      numbers: [i + 1, magnitude, (angle * 180) / Math.PI, re, im],
      degrees: 2,
      contains: phasors[i]!.kind === 'voltage' ? 'V ∠' : 'A ∠',
    })),
    ...expectedFrequency(sample, format, fnom),
    ...sample.analogs.map((value, i) => numbers('analog_value', i + 1, value)),
    ...sample.digitals.map((word) => field('digital_status_word', hex(word, 4))),
  ]
}

function expectedFrequency({ freq, dfreq }: PmuSample, format: Format, fnom: number): ExpectedField[] {
  return format.freq === 'float32'
    ? [numbers('actual_frequency_value', freq), numbers('rate_change_frequency', dfreq)]
    : [
        numbers('frequency_deviation_from_nominal', Math.round((freq - fnom) * 1000), freq),
        numbers('rate_change_frequency', dfreq),
      ]
}

function socText(soc: number): string {
  const date = new Date(soc * 1000)
  const month = date.toLocaleString('en', { month: 'short', timeZone: 'UTC' })
  const day = String(date.getUTCDate()).padStart(2)
  return `${month} ${day}, ${date.getUTCFullYear()} ${date.toISOString().slice(11, 19)}.000000000 UTC`
}
