import type { CaptureReport } from '../../capture/index.ts'
import { snakeCased } from '../../runtime/snake-cased.ts'
import { printable } from '../terminal/printable.ts'
import { count } from '../terminal/quantity.ts'
import type { Style } from '../terminal/style.ts'
import { formatTable } from '../terminal/table.ts'
import type { CapturedStream } from './capture-decoder.ts'
import { endpointText, isoMicroseconds, readableTime } from './text.ts'

/** One stream as `decode --summary --json` prints it. */
export function streamJson({ number, forward, idcode, tally, timeBase }: CapturedStream): object {
  const { flow } = forward
  const { gaps, missing, jumps } = tally.gaps
  const way = tally.dataWay ?? flow.backward
  return {
    stream: number,
    transport: flow.transport,
    addresses: flow.transport === 'raw' ? [] : [endpointText(flow.forward.from), endpointText(flow.forward.to)],
    source: flow.transport === 'raw' ? null : endpointText(way.from),
    destination: flow.transport === 'raw' ? null : endpointText(way.to),
    idcode,
    station_names: tally.stations,
    frames: tally.frames,
    chk_errors: tally.chkErrors,
    discarded_bytes: tally.discardedBytes,
    capture_gaps: tally.captureGaps,
    capture_missing_bytes: tally.missingBytes,
    undecodable_frames: tally.undecodable,
    first_timestamp: tally.firstUs === undefined ? null : isoMicroseconds(tally.firstUs),
    last_timestamp: tally.lastUs === undefined ? null : isoMicroseconds(tally.lastUs),
    time_base: timeBase?.value ?? null,
    time_base_from: timeBase?.source ?? null,
    rate: tally.rate ?? null,
    gaps,
    missing_frames: missing,
    time_jumps: jumps,
    duplicates: tally.duplicates,
    steps_back: tally.stepsBack,
  }
}

/** What was read of the file, and what was passed over. */
export function captureJson({ frames, fault, ...counts }: CaptureReport): object {
  return { ...snakeCased(counts), fault: fault ?? null }
}

/** The capture as a table: a row per stream, then what was ignored. */
export function summaryLines(streams: readonly CapturedStream[], report: CaptureReport, style: Style): string[] {
  const head = [
    '#',
    'from',
    'to',
    'IDCODE',
    'station',
    'frames',
    'first',
    'last',
    'rate',
    'gaps',
    'dup',
    'back',
    'CHK',
    'lost',
  ]
  const rows = streams.map((stream) => {
    const { number, forward, idcode, tally, timeBase } = stream
    const { gaps, missing } = tally.gaps
    const way = tally.dataWay ?? forward.flow.backward
    const assumed = timeBase?.source === 'inferred' ? '~' : ''
    const raw = forward.flow.transport === 'raw'
    return [
      String(number),
      raw ? 'raw' : `${forward.flow.transport} ${endpointText(way.from)}`,
      raw ? '' : endpointText(way.to),
      String(idcode),
      printable(tally.stations.join(', ')),
      framesText(tally.frames),
      tally.firstUs === undefined ? '' : readableTime(tally.firstUs).slice(0, 23) + assumed,
      tally.lastUs === undefined ? '' : readableTime(tally.lastUs).slice(11, 23) + assumed,
      tally.rate === undefined ? '' : `${tally.rate}/s`,
      gaps === 0 ? '0' : `${gaps} (${missing})`,
      String(tally.duplicates),
      String(tally.stepsBack),
      String(tally.chkErrors),
      tally.discardedBytes + tally.missingBytes === 0 ? '0' : `${tally.discardedBytes} + ${tally.missingBytes} B`,
    ]
  })
  const lines = streams.length === 0 ? [] : formatTable(head, rows, { right: [0, 3, 8, 9, 10, 11, 12, 13] })
  const assumed = streams.some(({ timeBase }) => timeBase?.source === 'inferred')
  return [
    ...lines.map((line, i) => (i === 0 ? style.dim(line) : line)),
    '',
    captureText(report),
    ...(assumed ? ['~ no configuration in the capture: TIME_BASE is assumed from the fractions that occur'] : []),
  ]
}

function framesText(frames: CapturedStream['tally']['frames']): string {
  const names = [
    ['data', frames.data],
    ['CFG-1', frames.config1],
    ['CFG-2', frames.config2],
    ['CFG-3', frames.config3],
    ['header', frames.header],
    ['cmd', frames.command],
  ] as const
  return names
    .filter(([, number]) => number > 0)
    .map(([name, number]) => `${number} ${name}`)
    .join(', ')
}

/** `pcap, 417 packets, 1 flow of C37.118, 2 others ignored`, and everything that was not read. */
export function captureText(report: CaptureReport): string {
  if (report.format === 'raw') return `raw stream, ${count(report.bytes, 'byte')}, ${count(report.frames, 'frame')}`
  const odd: [number, string][] = [
    [report.foreignFlows, 'other flow'],
    [report.notIp, 'packet without IP'],
    [report.otherProtocol, 'packet neither TCP nor UDP'],
    [report.unknownLinkType, 'packet of an unknown link type'],
    [report.malformed, 'malformed packet'],
    [report.cutOff, 'packet cut off by the snaplen'],
    [report.fragmentsAbandoned, 'incomplete fragmented packet'],
    [report.evictedFlows, 'flow given up for lack of room'],
  ]
  const ignored = odd.filter(([number]) => number > 0).map(([number, what]) => count(number, what))
  const head = `${report.format}, ${count(report.packets, 'packet')}, ${count(report.frames, 'frame')} in ${count(report.c37118Flows, 'flow')}`
  return ignored.length > 0 ? `${head}; ignored: ${ignored.join(', ')}` : head
}
