import type { DataColumns } from '../../../c37118/index.ts'
import type { DataType, Scaling } from './cfg.ts'
import { asciiValue, binary32 } from './numbers.ts'
import type { ComtradeRecord } from './record.ts'

/** A sample of a data file. `number` counts from 1. */
export type SampleWriter = (number: number, timeUs: number, columns: DataColumns) => Uint8Array

export function sampleWriter(record: ComtradeRecord, scaling: Scaling, type: DataType): SampleWriter {
  return type === 'ascii' ? asciiSamples(record) : binarySamples(record, scaling)
}

/** Sample number, time stamp in µs since the first, analog values, status; CR LF. */
function asciiSamples({ channels: { analogs, statuses }, firstUs }: ComtradeRecord): SampleWriter {
  return (number, timeUs, columns) => {
    const values = analogs.map(({ read }) => asciiValue(read(columns)))
    const bits = statuses.map(({ read }) => (read(columns) ? '1' : '0'))
    return Buffer.from(`${[number, timeUs - firstUs, ...values, ...bits].join()}\r\n`)
  }
}

/** The same, least significant byte first: uint32, uint32, int32 each, 16 status bits to a word from the lowest bit. */
function binarySamples({ channels, firstUs }: ComtradeRecord, { counts, timeMultiplier }: Scaling): SampleWriter {
  const { analogs, statuses } = channels
  const statusAt = 8 + 4 * analogs.length
  const size = statusAt + 2 * Math.ceil(statuses.length / 16)
  return (number, timeUs, columns) => {
    const bytes = new Uint8Array(size)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, number, true)
    view.setUint32(4, Math.round((timeUs - firstUs) / timeMultiplier), true)
    analogs.forEach(({ read }, at) => {
      view.setInt32(8 + 4 * at, binary32(read(columns), counts[at]!), true)
    })
    statuses.forEach(({ read }, at) => {
      if (read(columns)) bytes[statusAt + (at >> 3)]! |= 1 << (at & 7)
    })
    return bytes
  }
}
