import { decodeCommand, decodeHeader, describeCommand, FrameType } from '../../c37118/index.ts'
import { configurationJson } from '../../streams/index.ts'
import { pmuJson, timeQualityJson } from '../json/sample-json.ts'
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
    time_quality: timeQualityJson(header.timeQuality),
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
