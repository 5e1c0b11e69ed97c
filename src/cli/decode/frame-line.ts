import {
  type Configuration,
  decodeCommand,
  decodeHeader,
  describeCommand,
  describeStat,
  describeTimeQuality,
  FrameType,
  type PmuConfiguration,
  type PmuSample,
} from '../../c37118/index.ts'
import { describeRate } from '../terminal/configuration-view.ts'
import { printable } from '../terminal/printable.ts'
import { count, formatAngle, formatHz, formatQuantity } from '../terminal/quantity.ts'
import type { Style } from '../terminal/style.ts'
import type { CapturedStream, DecodedFrame } from './capture-decoder.ts'
import { endpointText, hex, readableTime } from './text.ts'

const names: Readonly<Record<FrameType, string>> = {
  [FrameType.data]: 'DATA',
  [FrameType.header]: 'HEADER',
  [FrameType.config1]: 'CFG-1',
  [FrameType.config2]: 'CFG-2',
  [FrameType.command]: 'CMD',
  [FrameType.config3]: 'CFG-3',
}

/** What introduces a stream where its first frame is printed. */
export function streamLine({ number, forward, idcode }: CapturedStream, style: Style): string {
  const { transport } = forward.flow
  const between =
    transport === 'raw' ? 'raw stream' : `${transport} ${endpointText(forward.from)} <-> ${endpointText(forward.to)}`
  return style.bold(`#${number}  ${between}  IDCODE ${idcode}`)
}

/** One frame on one line: stream, direction, kind, its own time, and what it says. */
export function frameLine(decoded: DecodedFrame, style: Style): string {
  const { stream, direction, header } = decoded
  const arrow = direction === stream.forward ? '>' : '<'
  return `#${stream.number} ${arrow} ${names[header.type].padEnd(6)} ${timeText(decoded)}  ${content(decoded, style)}`
}

/** `~` marks a time by an assumed TIME_BASE; without any, the count is shown instead of a fraction. */
function timeText({ header, timeUs, stream }: DecodedFrame): string {
  if (timeUs === undefined) {
    return `${readableTime(header.soc * 1e6).slice(0, 19)} + ${header.fraction}/?`
  }
  return `${readableTime(timeUs)}${stream.timeBase?.source === 'inferred' ? '~' : ''}`
}

function content(decoded: DecodedFrame, style: Style): string {
  const { header, frame, configuration, problem } = decoded
  if (problem !== undefined) return `${style.warn(problem)} (${count(header.size, 'byte')})`
  switch (header.type) {
    case FrameType.data:
      return dataText(decoded, style)
    case FrameType.command:
      return commandText(frame)
    case FrameType.header:
      return printable(JSON.stringify(decodeHeader(frame).text))
    default:
      return configuration ? configurationText(configuration) : 'fragment'
  }
}

function commandText(frame: Uint8Array): string {
  const { command, extension } = decodeCommand(frame)
  const more = extension.length > 0 ? `, ${count(extension.length, 'byte')} of extension` : ''
  return `${hex(command, 4)} ${describeCommand(command)}${more}`
}

function configurationText({ pmus, dataRate, timeBase }: Configuration): string {
  const stations = pmus.map(({ stn, idcode, phasors, analogs, digitals, format }) => {
    const channels = `${count(phasors.length, 'phasor')}, ${count(analogs.length, 'analog')}, ${count(digitals.length, 'digital word')}`
    return `${printable(stn)} (${idcode}: ${channels}; ${format.phasors} ${format.polar ? 'polar' : 'rectangular'})`
  })
  return `${describeRate(dataRate)}, TIME_BASE ${timeBase}, ${count(pmus.length, 'PMU')}: ${stations.join(', ')}`
}

function dataText({ header, data }: DecodedFrame, style: Style): string {
  if (!data) return ''
  const { sample, configuration, origin } = data
  const clock = header.timeQuality === 0 ? '' : style.warn(`[${describeTimeQuality(header.timeQuality)}]  `)
  const pmus = sample.pmus.map((pmu, i) => pmuText(pmu, configuration.pmus[i]!, header.version, style))
  return `${clock}${pmus.join('  | ')}${origin === 'stream' ? '' : style.dim(`  [configuration: ${origins[origin]}]`)}`
}

const origins = {
  given: '--config',
  device: "of the device's other connection",
  idcode: 'of this IDCODE elsewhere',
  later: 'from later in the capture',
} as const

function pmuText(sample: PmuSample, pmu: PmuConfiguration, version: number, style: Style): string {
  const stat = describeStat(sample.stat, version)
  const phasors = sample.phasors.map(({ name, magnitude, angle }, i) =>
    `${printable(name)} ${formatQuantity(magnitude, pmu.phasors[i]!.kind === 'voltage' ? 'V' : 'A')} ${formatAngle(angle)}`.trimEnd(),
  )
  const analogs = sample.analogs.map(
    (value, i) => `${printable(pmu.analogs[i]!.name)} ${Number.isNaN(value) ? 'absent' : Number(value.toPrecision(6))}`,
  )
  const digitals = sample.digitals.map((word) => hex(word, 4))
  const dfreq = Number.isNaN(sample.dfreq) ? 'absent' : `${sample.dfreq >= 0 ? '+' : ''}${sample.dfreq.toFixed(2)} Hz/s`
  return [
    printable(pmu.stn),
    formatHz(sample.freq, 3),
    dfreq,
    ...phasors,
    ...analogs,
    ...digitals,
    ...(stat === 'good' ? [] : [style.warn(`STAT ${hex(sample.stat, 4)} ${stat}`)]),
  ].join('  ')
}
