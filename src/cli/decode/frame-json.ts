import {
  type Configuration,
  decodeCommand,
  decodeHeader,
  decodeStat,
  decodeTimeQuality,
  describeAnalogType,
  describeCommand,
  describeStat,
  describeTimeQuality,
  FrameType,
  framesPerSecond,
  type PmuConfiguration,
  type PmuSample,
} from '../../c37118/index.ts'
import type { DecodedFrame } from './capture-decoder.ts'
import { checksumText, endpointText, isoMicroseconds } from './text.ts'

const types = Object.fromEntries(Object.entries(FrameType).map(([name, type]) => [type, name]))

/** One frame with all its fields, as a plain object. Absent numbers are null. */
export function frameJson(decoded: DecodedFrame): object {
  const { stream, frame, header, direction, capturedUs, timeUs } = decoded
  return {
    stream: stream.number,
    transport: direction.flow.transport,
    ...(direction.flow.transport !== 'raw' && { from: endpointText(direction.from), to: endpointText(direction.to) }),
    captured: capturedUs === undefined ? null : isoMicroseconds(capturedUs),
    type: types[header.type],
    version: header.version,
    size: header.size,
    idcode: header.idcode,
    soc: header.soc,
    fraction: header.fraction,
    timestamp: timeUs === undefined ? null : isoMicroseconds(timeUs),
    time_base: stream.timeBase?.value ?? null,
    time_base_from: stream.timeBase?.source ?? null,
    time_quality: {
      raw: header.timeQuality,
      ...snakeCased(decodeTimeQuality(header.timeQuality)),
      text: describeTimeQuality(header.timeQuality),
    },
    chk: checksumText(frame),
    ...content(decoded),
  }
}

function content({ frame, header, data, configuration, problem }: DecodedFrame): object {
  if (problem !== undefined) return { problem }
  if (header.type === FrameType.command) {
    const { command, extension } = decodeCommand(frame)
    const more = extension.length > 0 ? { extension: Buffer.from(extension).toString('hex') } : {}
    return { command, command_text: describeCommand(command), ...more }
  }
  if (header.type === FrameType.header) return { text: decodeHeader(frame).text }
  if (configuration) return { configuration: configurationJson(configuration) }
  if (!data) return { fragment: true }
  const { sample, origin } = data
  return {
    configuration_from: origin,
    pmus: sample.pmus.map((pmu, i) => pmuJson(pmu, data.configuration.pmus[i]!, header.version)),
  }
}

function pmuJson(sample: PmuSample, pmu: PmuConfiguration, version: number): object {
  return {
    station_name: sample.stn,
    idcode: sample.idcode,
    stat: { raw: sample.stat, ...snakeCased(decodeStat(sample.stat)), text: describeStat(sample.stat, version) },
    phasors: sample.phasors.map(({ name, magnitude, angle, re, im }, i) => ({
      name,
      unit: pmu.phasors[i]!.kind === 'voltage' ? 'V' : 'A',
      magnitude,
      angle_deg: (angle * 180) / Math.PI,
      re,
      im,
    })),
    freq_hz: sample.freq,
    dfreq_hz_per_s: sample.dfreq,
    analogs: sample.analogs.map((value, i) => ({ name: pmu.analogs[i]!.name, value })),
    digitals: sample.digitals.map((word, i) => ({ word, labels: raised(word, pmu.digitals[i]!.labels) })),
  }
}

/** The names of the bits that are set; a bit without one by its number. */
function raised(word: number, labels: readonly string[]): string[] {
  return labels.flatMap((label, bit) => (word & (1 << bit) ? [label || `bit ${bit}`] : []))
}

/** A configuration with its fields under the standard's names. What only repeats the wire's bytes is left out. */
export function configurationJson({ timeBase, dataRate, pmus, idcode }: Configuration): object {
  return {
    idcode,
    time_base: timeBase,
    data_rate: dataRate,
    frames_per_second: framesPerSecond(dataRate),
    pmus: pmus.map(pmuConfigurationJson),
  }
}

function pmuConfigurationJson(pmu: PmuConfiguration): object {
  const { stn, idcode, format, phasors, analogs, digitals, fnom, cfgcnt } = pmu
  return {
    station_name: stn,
    idcode,
    format,
    phasors: phasors.map(({ nameBytes, unitBytes, ...channel }) => snakeCased(channel)),
    analogs: analogs.map(({ nameBytes, unitBytes, ...channel }) => ({
      ...snakeCased(channel),
      ...(channel.type !== undefined && { type_text: describeAnalogType(channel.type) }),
    })),
    digitals: digitals.map(({ labels, normal, valid }) => ({ labels, normal, valid })),
    fnom_hz: fnom,
    cfgcnt,
    ...(pmu.gPmuId !== undefined && { g_pmu_id: pmu.gPmuId }),
    ...(pmu.latitude !== undefined && { latitude: pmu.latitude, longitude: pmu.longitude, elevation: pmu.elevation }),
    ...(pmu.serviceClass !== undefined && { service_class: pmu.serviceClass }),
    ...(pmu.windowUs !== undefined && { window_us: pmu.windowUs, group_delay_us: pmu.groupDelayUs }),
  }
}

/** The names of the decoder's fields as the other keys are written. */
function snakeCased(fields: object): object {
  const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [snake(name), value]))
}
