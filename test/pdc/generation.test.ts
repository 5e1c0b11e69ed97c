import { describe, expect, it } from 'vitest'
import {
  type Configuration,
  compileDecoder,
  compileEncoder,
  decodeConfiguration,
  decodeStat,
} from '../../src/c37118/index.ts'
import { aggregateOf, configurationSize } from '../../src/pdc/aggregate.ts'
import { Generation } from '../../src/pdc/generation.ts'
import { membersOf } from '../../src/pdc/members.ts'
import { configurationOf, pmuOf } from './configurations.ts'

const settings = { idcode: 700, dataRate: 50, timeBase: 1_000_000, header: 'a PDC' }
const time = { soc: 1_700_000_000, fraction: 0 }
const float = { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' } as const

/** Two inputs: a PMU of 2011, and a PDC of 2005 with two PMUs. */
const inputs = new Map<string, Configuration>([
  ['north', configurationOf([{ idcode: 1 }])],
  [
    'south',
    configurationOf(
      [
        { idcode: 2, format: float },
        { idcode: 3, digitals: [] },
      ],
      { version: 1, idcode: 20 },
    ),
  ],
])
const members = [...inputs].flatMap(([input, configuration]) => membersOf(input, configuration))
const generation = () =>
  new Generation(
    aggregateOf(
      members.map(({ pmu }) => pmu),
      settings,
      time,
    ),
    members,
    new Map([...inputs].map(([name, configuration]) => [name, { configuration, isRated: false }])),
  )

function frameOf(input: string, value: number, fields: { timeQuality?: number; stat?: number } = {}): Uint8Array {
  const encoder = compileEncoder(inputs.get(input)!)
  const columns = encoder.createColumns()
  columns.phasors.fill(value)
  columns.freq.fill(50 + value / 1000)
  columns.stat.fill(fields.stat ?? 0)
  columns.timeQuality = fields.timeQuality ?? 0
  return encoder.encode(columns)
}

describe('a frame of an aggregate', () => {
  it('has the bytes of each input where its configuration says, and its own time', () => {
    const one = generation()
    const growing = one.begin()
    one.put(growing, one.blocksOf('south')!, frameOf('south', 2), 0)
    one.put(growing, one.blocksOf('north')!, frameOf('north', 1), 0)
    const frame = one.seal(growing, 1_700_000_001, 20_000)
    const sample = compileDecoder(decodeConfiguration(one.aggregate.inForce)).decode(frame)
    expect(sample).toMatchObject({ soc: 1_700_000_001, fraction: 20_000, idcode: 700, version: 2 })
    expect(sample.pmus.map(({ idcode, stat, freq }) => [idcode, stat, Math.round(1000 * freq)])).toEqual([
      [1, 0, 50_001],
      [2, 0, 50_002],
      [3, 0, 50_002],
    ])
    const alone = compileDecoder(inputs.get('south')!).decode(frameOf('south', 2))
    expect(sample.pmus.slice(1)).toEqual(alone.pmus)
  })

  it('keeps the place of who is absent, marked so', () => {
    const one = generation()
    const growing = one.begin()
    one.put(growing, one.blocksOf('south')!, frameOf('south', 2), 0)
    const { pmus } = compileDecoder(one.aggregate.configuration).decode(one.seal(growing, 1, 0))
    expect(pmus[0]!.freq).toBeNaN()
    expect(decodeStat(pmus[0]!.stat)).toMatchObject({ dataError: 0b10, synchronised: false, timeQuality: 7 })
    expect(pmus[1]!.freq).toBeCloseTo(50.002)
  })

  it('has the worst time quality of what is in it, each PMU its own', () => {
    const one = generation()
    const growing = one.begin()
    one.put(growing, one.blocksOf('north')!, frameOf('north', 1, { timeQuality: 0x26 }), 0)
    one.put(growing, one.blocksOf('south')!, frameOf('south', 2, { timeQuality: 0x04 }), 0)
    const { timeQuality, pmus } = compileDecoder(one.aggregate.configuration).decode(one.seal(growing, 1, 0))
    expect(timeQuality).toBe(0x26)
    expect(pmus.map(({ stat }) => decodeStat(stat).timeQuality)).toEqual([4, 2, 2])
  })

  it('knows of each input the configuration that it was made for', () => {
    const one = generation()
    expect(one.blocksOf('north')?.configuration).toBe(inputs.get('north'))
    expect(one.blocksOf('west')).toBeUndefined()
  })
})

describe('the configuration of an aggregate', () => {
  const manyOf = (count: number) =>
    Array.from({ length: count }, (_, i) => pmuOf({ idcode: i + 1, analogs: [], digitals: [] }))

  it('is told in all forms, each saying the same', () => {
    const { inForce, config1, config3, header } = aggregateOf(manyOf(3), settings, time)
    for (const fragments of [inForce, config1!, config3]) {
      const { idcode, dataRate, pmus } = decodeConfiguration(fragments)
      expect({ idcode, dataRate, pmus: pmus.map(({ stn }) => stn) }).toEqual({
        idcode: 700,
        dataRate: 50,
        pmus: ['PMU 1', 'PMU 2', 'PMU 3'],
      })
    }
    expect(inForce[0]![1]! >> 4).toBe(3)
    expect(Buffer.from(header).toString('latin1')).toContain('a PDC')
  })

  it('goes as a CFG-3 in fragments where a CFG-2 cannot hold it', () => {
    const four = Array.from({ length: 4 }, (_, i) => ({ name: `V${i}`, kind: 'voltage' as const }))
    const pmus = manyOf(600).map((pmu) => ({ ...pmu, phasors: four }))
    const { inForce, config1, configuration } = aggregateOf(pmus, settings, time)
    expect(configuration.type).toBe(5)
    expect(config1).toBeUndefined()
    expect(inForce.length).toBeGreaterThan(1)
    expect(decodeConfiguration(inForce).pmus).toHaveLength(600)
  })

  it('takes as many bytes as is reckoned', () => {
    for (const pmus of [manyOf(1), [pmuOf(), pmuOf({ phasors: [] })]]) {
      expect(aggregateOf(pmus, settings, time).inForce[0]).toHaveLength(configurationSize(pmus))
    }
  })

  it('is refused where no data frame could hold its PMUs, with the way out', () => {
    const large = Array.from({ length: 40 }, (_, i) => ({ name: `V${i}`, kind: 'voltage' as const }))
    const pmus = manyOf(300).map((pmu) => ({ ...pmu, phasors: large, format: float }))
    expect(() => aggregateOf(pmus, settings, time)).toThrow(/300 PMUs would take \d+ bytes.*several outputs/)
  })
})
