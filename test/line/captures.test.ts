/**
 * Real traffic through the whole line: the data frames the PDC gets are those
 * the PMU sent, in order, byte for byte. The judge decides.
 */
import { describe, expect, it } from 'vitest'
import { startMosquitto } from '../support/brokers.ts'
import { needsCaptures, readCapture } from '../support/captures.ts'
import { startLine } from '../support/line.ts'
import { needs } from '../support/needs.ts'
import { pcapFrames } from '../support/pcap-frames.ts'

/** File, and how many data frames of how many streams it has (from the captures' own README). */
const captures = [
  ['C37.118_1PMU_TCP.pcap', 252, 1],
  ['C37.118_1PMU_UDP.pcap', 356, 1],
  ['C37.118_1PMU_UDP_minimal.pcap', 1, 1],
  ['C37.118_1PMU_UDP_minimal_otherport.pcap', 1, 1],
  ['C37.118_2PMUsInSync_TCP.pcap', 3002, 2],
  ['c37_1100_clean_tcp.pcap', 422, 1],
] as const

const brokers = [
  ['the embedded broker', async () => ({ broker: 'embedded' as const, end: async () => {} }), undefined],
  [
    'Mosquitto',
    async () => {
      const mosquitto = await startMosquitto()
      return { broker: mosquitto, end: () => mosquitto[Symbol.asyncDispose]() }
    },
    'mosquitto',
  ],
] as const

describe.each(brokers)('through %s', (name, start, program) => {
  const need = program === undefined ? undefined : needs(program)

  it.skipIf(need?.skip || needsCaptures.skip).each(captures)(
    needsCaptures.title(
      need?.title(`carries every frame of %s over ${name}, unaltered and in order`) ??
        'carries every frame of %s, unaltered and in order',
    ),
    async (file, count, streams) => {
      const { configurations, data } = pcapFrames(readCapture(file))
      expect([configurations.length, data.length]).toEqual([streams, count])
      const { broker, end } = await start()
      try {
        await using line = await startLine({ broker, configurations, source: { silence: { floorMs: 60_000 } } })
        // No faster than a PMU might be, so that nothing is late: the line is for live frames.
        for (let i = 0; i < data.length; i += 50) {
          for (const frame of data.slice(i, i + 50)) line.send(frame)
          await line.read(Math.min(i + 50, data.length))
        }
        expect(line.judge.verdict()).toMatchObject({
          published: count,
          delivered: count,
          lost: 0,
          duplicated: 0,
          differing: 0,
          reordered: 0,
        })
      } finally {
        await end()
      }
    },
  )
})
