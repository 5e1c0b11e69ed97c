/**
 * What no public capture has is checked against tshark: integer phasors, CFG-3,
 * CFG-1, version 2, absent data. Other tests compare the real captures.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  compileEncoder,
  decodeFormat,
  encodeCommand,
  encodeConfiguration,
  encodeHeader,
  FrameType,
  type PmuSample,
} from '../../src/c37118/index.ts'
import { stationA } from '../fixtures/station-a.ts'
import { needs } from '../support/needs.ts'
import { config3 } from './support/config3.ts'

const tshark = needs('tshark')
const folder = mkdtempSync(join(tmpdir(), 'phasorbus-tshark-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What tshark prints of these frames, one after another in a capture of UDP. */
function dissect(...frames: readonly Uint8Array[]): string {
  const [text, pcap] = [join(folder, 'frames.txt'), join(folder, 'frames.pcap')]
  writeFileSync(text, frames.map(hexDump).join(''))
  execFileSync('text2pcap', ['-q', '-u', '4713,4712', text, pcap], { stdio: 'pipe' })
  return execFileSync('tshark', ['-r', pcap, '-Y', 'synphasor', '-O', 'synphasor'], { stdio: 'pipe', encoding: 'utf8' })
}

function hexDump(frame: Uint8Array): string {
  const lines = Array.from({ length: Math.ceil(frame.length / 16) }, (_, line) => {
    const row = Array.from(frame.subarray(16 * line, 16 * line + 16), (byte) => byte.toString(16).padStart(2, '0'))
    return `${(16 * line).toString(16).padStart(6, '0')} ${row.join(' ')}\n`
  })
  return lines.join('')
}

/** The phasors tshark prints, in V or A and degrees. */
function phasorsIn(text: string): { magnitude: number; degrees: number; re: number; im: number }[] {
  const pattern = /Phasor #\d+: ".*?",\s*(\S+?)[VA]\s*∠\s*(\S+?)° alt\s*(\S+?)\+j\s*(\S+?)[VA](?:;|$)/gm
  return [...text.matchAll(pattern)].map(([, ...numbers]) => {
    const [magnitude, degrees, re, im] = numbers.map(Number)
    return { magnitude: magnitude!, degrees: degrees!, re: re!, im: im! }
  })
}

function expectSame(text: string, pmu: PmuSample): void {
  const theirs = phasorsIn(text)
  expect(theirs).toHaveLength(pmu.phasors.length)
  theirs.forEach(({ magnitude, degrees, re, im }, at) => {
    const ours = pmu.phasors[at]!
    if (Number.isNaN(ours.magnitude)) {
      expect([magnitude, re]).toEqual([Number.NaN, Number.NaN])
      return
    }
    // tshark prints three decimals.
    expect(magnitude).toBeCloseTo(ours.magnitude, 2)
    expect(Math.cos((degrees * Math.PI) / 180 - ours.angle)).toBeCloseTo(1, 6)
    expect(re).toBeCloseTo(ours.re, 2)
    expect(im).toBeCloseTo(ours.im, 2)
  })
  const [, frequency] = /(?:actual frequency: |Actual frequency value: )(-?[\d.]+)/.exec(text) ?? []
  expect(Number(frequency)).toBeCloseTo(pmu.freq, 2)
  const [, slope] = /Rate of change of frequency: (-?[\d.]+)/.exec(text) ?? []
  expect(Number(slope)).toBeCloseTo(pmu.dfreq, 2)
}

const version2: Configuration = { ...stationA, version: 2 }
const turned: Configuration = {
  ...config3,
  pmus: [
    {
      ...config3.pmus[0]!,
      phasors: [
        ...config3.pmus[0]!.phasors,
        { name: 'I1', kind: 'current', scale: 0.25, angleOffset: -1, component: 'positive sequence' },
        { name: 'I2', kind: 'current', scale: 4, angleOffset: 0, component: 'negative sequence' },
      ],
    },
  ],
}

/** A frame with something in every field; the second phasor is absent. */
function dataFor(config: Configuration): Uint8Array {
  const [pmu] = config.pmus
  return compileEncoder(config).encode({
    soc: config.soc + 1,
    fraction: 500_000,
    pmus: [
      {
        stat: 0x21f0,
        phasors: pmu!.phasors.map((_, at) =>
          at === 1 ? { re: Number.NaN, im: Number.NaN } : { magnitude: 1000 + at, angle: 0.25 - 1.5 * at },
        ),
        freq: pmu!.fnom + 0.125,
        dfreq: -0.5,
        analogs: pmu!.analogs.map((_, at) => 7 + 5 * at),
        digitals: [0x3c12],
      },
    ],
  })
}

describe.skipIf(tshark.skip)(tshark.title('tshark reads what is written here'), () => {
  it.each([
    ['a CFG-2 of version 2', version2],
    ['a CFG-3', turned],
  ])('%s and its data in every FORMAT: the same values', (_name, configuration) => {
    const configs = Array.from({ length: 16 }, (_, format): Configuration => {
      const pmus = configuration.pmus.map((pmu) => ({ ...pmu, format: decodeFormat(format) }))
      return { ...configuration, pmus }
    })
    const text = dissect(...configs.flatMap((config) => [...encodeConfiguration(config), dataFor(config)]))
    const dissections = text.split(/^Frame \d+: /m).slice(1)
    expect(dissections).toHaveLength(32)
    configs.forEach((config, format) => {
      const [ofConfig, ofData] = dissections.slice(2 * format, 2 * format + 2)
      expect(ofConfig).toContain('[Checksum Status: Good]')
      expect(ofData).toContain('[Checksum Status: Good]')
      expectSame(ofData!, compileDecoder(config).decode(dataFor(config)).pmus[0]!)
      expect(ofData).toContain('Digital status word #1: 0x3c12')
      expect(ofData).toContain('Time synchronized: Synchronization lost')
      expect(ofData).toContain('PMU Time Quality: Estimated maximum time error > 10 ms or time error unknown (0x7)')
    })
  })

  it('every field of a CFG-1', () => {
    const text = dissect(...encodeConfiguration({ ...stationA, type: FrameType.config1 }))
    for (const line of [
      'Configuration Frame 1 [correct]',
      'Station #1: "Station A       "',
      'Phasor format: 16-bit integer',
      'Phasor name #4: "I1              "',
      'Digital status label #16: "BREAKER G STATUS"',
      '#1 factor: 915527 * 10^-5, unit: Volt',
      '#4 factor: 45776 * 10^-5, unit: Ampere',
      'Factor for analog value #2: rms of analog input, value: 1',
      'Valid bits: 0xffff',
      'Nominal line frequency: 60Hz',
      'Rate of transmission: 30 frame(s) per second',
    ]) {
      expect(text).toContain(line)
    }
  })

  it('every field of a CFG-3', () => {
    const text = dissect(...encodeConfiguration(config3))
    for (const line of [
      'Configuration Frame 3 [correct]',
      'Continuation index: 0',
      'Resolution of fractional second time stamp: 1000000',
      'Station name length: 10 bytes',
      'PMU/DC ID number (Data source ID): 8',
      'Global PMU ID (raw bytes): 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff',
      'Phasor Data flags: Voltage, Phase A',
      'Modification: Phasor phase adjusted for calibration',
      'Modification: Up sampled with extrapolation',
      'Phasor scale factor: 12.5',
      'Phasor angle offset: 0.5',
      'Analog scale factor: 2.5',
      'Analog offset: -3',
      'Normal state: 0x0001',
      'Valid bits: 0x0003',
      'PMU Latitude: 47.25',
      'PMU Longitude: 8.5',
      'PMU Elevation: Unspecified Location',
      'Service class: Protection',
      'PM window length: 40000 microseconds',
      'PM group delay: 20000 microseconds',
      'Nominal line frequency: 50Hz',
      'Configuration change count: 3',
      'Rate of transmission: 1 frame per 10 second(s)',
      'Leap second occurred: True',
    ]) {
      expect(text).toContain(line)
    }
  })

  it('integer analogs of a CFG-3, scaled', () => {
    const frame = compileEncoder(config3).encode({
      soc: 1,
      fraction: 0,
      pmus: [{ stat: 0, phasors: [{ re: 0, im: 0 }], freq: 50, dfreq: 0, analogs: [9.5], digitals: [0] }],
    })
    expect(dissect(...encodeConfiguration(config3), frame)).toContain('Analog value #1: "P", 9.500')
  })

  it('commands and headers', () => {
    const extension = Uint8Array.of(0xde, 0xad, 0xbe, 0xef)
    const text = dissect(
      ...[1, 2, 3, 4, 5, 6].map((command) => encodeCommand({ idcode: 9, command, version: 2 })),
      encodeCommand({ idcode: 9, command: 8, extension, version: 2 }),
      encodeCommand({ idcode: 9, command: 0x123, version: 2 }),
      encodeHeader({ idcode: 9, text: 'a relay', version: 2 }),
    )
    expect(text.match(/\[Checksum Status: Good\]/g)).toHaveLength(9)
    for (const line of [
      'Command: data transmission off (0x0001)',
      'Command: data transmission on (0x0002)',
      'Command: send HDR frame (0x0003)',
      'Command: send CFG-1 frame (0x0004)',
      'Command: send CFG-2 frame (0x0005)',
      'Command: send CFG-3 frame (0x0006)',
      'Command: extended frame (0x0008)',
      'Command: user designation (0x0123)',
      'Extended frame data: deadbeef',
      'Header Frame',
    ]) {
      expect(text).toContain(line)
    }
  })
})
