/** pypmu, an independent implementation in Python, at either end of the line. */
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { Judge, startRawPdc } from '../../judge/index.ts'
import { compileDecoder, decodeConfiguration } from '../../src/c37118/index.ts'
import { needsCaptures, readCapture } from '../support/captures.ts'
import { startLine } from '../support/line.ts'
import { every20ms } from '../support/live-frames.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { pcapFrames } from '../support/pcap-frames.ts'
import { endPypmu, pypmu, pypmuLines } from '../support/pypmu.ts'
import { until } from '../support/until.ts'

const need = needs('python:synchrophasor')

describe.skipIf(need.skip)(need.title('pypmu'), () => {
  it('as a PMU is carried to a PDC, byte for byte', async () => {
    const frames = 100
    const port = await freePort()
    const child = pypmu('pmu.py', port, 7, frames)
    const lines = pypmuLines(child)
    const configuration = (await lines.next()).value?.bytes
    const stop = new AbortController()
    try {
      await using line = await startLine({ broker: 'embedded', configurations: [], besides: [{ idcode: 7, port }] })
      const judge = new Judge()
      let fetched: Uint8Array | undefined
      let read = 0
      const all = new Promise<void>((resolve) => {
        startRawPdc({
          host: '127.0.0.1',
          port: line.pdcPort,
          idcode: 7,
          signal: stop.signal,
          onConfiguration(frame) {
            fetched = frame
          },
          onData(frame) {
            judge.read('7', frame)
            if (++read === frames) resolve()
          },
        })
      })
      const dataOn = { command: 'data-on' }
      await until(async () => (await metricSum(line.metrics, 'phasorbus_serve_commands_total', dataOn)) === 1)
      await until(async () => (await metricSum(line.metrics, 'phasorbus_link_frames_total')) >= 1)
      child.stdin.write('\n')
      for await (const { word, bytes } of lines) {
        if (word === 'data') judge.wrote('7', bytes)
        if (word === 'sent') break
      }
      await all
      expect(fetched).toEqual(Buffer.from(configuration!))
      expect(judge.verdict()).toMatchObject({
        published: frames,
        delivered: frames,
        lost: 0,
        differing: 0,
        reordered: 0,
      })
    } finally {
      stop.abort()
      endPypmu(child)
    }
  })

  it.skipIf(needsCaptures.skip)(
    needsCaptures.title('as a PDC reads real traffic from a PDC-adapter as we do'),
    async () => {
      const { configurations, data } = pcapFrames(readCapture('C37.118_1PMU_TCP.pcap'))
      const decoder = compileDecoder(decodeConfiguration(configurations[0]!))
      const frames = 100
      await using line = await startLine({
        broker: 'embedded',
        configurations,
        source: { silence: { floorMs: 60_000 } },
      })
      const child = pypmu('pdc.py', line.pdcPort, 241, frames)
      let i = 0
      const sending = every20ms(() => line.pmu.send(data[i++ % data.length]!))
      let read = 0
      for await (const { word, bytes, rest } of pypmuLines(child)) {
        if (word === 'config') expect(bytes).toEqual(configurations[0])
        if (word !== 'data') continue
        read++
        expect(data).toContainEqual(bytes)
        const [theirs] = JSON.parse(rest).measurements
        const ours = decoder.decode(bytes).pmus[0]!
        for (const [i, { magnitude, angle }] of ours.phasors.entries()) {
          expect(theirs.phasors[i][0] / magnitude).toBeCloseTo(1, 6)
          expect(theirs.phasors[i][1]).toBeCloseTo(angle, 6)
        }
        expect(theirs.frequency).toBeCloseTo(ours.freq, 6)
      }
      sending.stop()
      if (child.exitCode === null) await once(child, 'exit')
      expect([read, child.exitCode]).toEqual([frames, 0])
    },
  )
})
