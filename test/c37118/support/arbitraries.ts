/** Configurations of every kind, for properties. */
import fc from 'fast-check'
import type {
  AnalogChannel,
  Configuration,
  DigitalWord,
  Format,
  PhasorChannel,
  PmuConfiguration,
} from '../../../src/c37118/index.ts'
import { FrameType, phasorComponents } from '../../../src/c37118/index.ts'

const word = fc.integer({ min: 0, max: 0xffff })
const byte = fc.integer({ min: 0, max: 0xff })
const uint24 = fc.integer({ min: 0, max: 0xffffff })
const float32 = fc.float()

const shortName = fc.string({ unit: fc.constantFrom(...'ABCabc 0189_-/#'), maxLength: 16 }).map((text) => text.trim())
const longName = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll(/^[ \0]+|[ \0]+$/g, ''))

const format: fc.Arbitrary<Format> = fc.record(
  {
    polar: fc.boolean(),
    phasors: fc.constantFrom('int16', 'float32'),
    analogs: fc.constantFrom('int16', 'float32'),
    freq: fc.constantFrom('int16', 'float32'),
    reserved: fc.integer({ min: 1, max: 0xfff }).map((bits) => bits << 4),
  },
  { requiredKeys: ['polar', 'phasors', 'analogs', 'freq'] },
)

const kind = fc.constantFrom<'voltage' | 'current'>('voltage', 'current')

const phasor2: fc.Arbitrary<PhasorChannel> = fc.record({ name: shortName, kind, phunit: uint24 })
const phasor3: fc.Arbitrary<PhasorChannel> = fc.record({
  name: longName,
  kind,
  scale: float32,
  angleOffset: float32,
  component: fc.constantFrom(...phasorComponents),
  modification: word,
  userByte: byte,
})
const analog2: fc.Arbitrary<AnalogChannel> = fc.record({
  name: shortName,
  type: byte,
  scale: fc.integer({ min: -0x800000, max: 0x7fffff }),
})
const analog3: fc.Arbitrary<AnalogChannel> = fc.record({ name: longName, magnitude: float32, offset: float32 })

const digital = (name: fc.Arbitrary<string>): fc.Arbitrary<DigitalWord> =>
  fc.record({ labels: fc.array(name, { minLength: 16, maxLength: 16 }), normal: word, valid: word })

const fnom = fc.constantFrom<50 | 60>(50, 60)
const some = { maxLength: 3 }

const pmu2: fc.Arbitrary<PmuConfiguration> = fc.record({
  stn: shortName,
  idcode: word,
  format,
  phasors: fc.array(phasor2, some),
  analogs: fc.array(analog2, some),
  digitals: fc.array(digital(shortName), { maxLength: 2 }),
  fnom,
  cfgcnt: word,
})

const pmu3: fc.Arbitrary<PmuConfiguration> = fc.record({
  stn: longName,
  idcode: word,
  format,
  phasors: fc.array(phasor3, some),
  analogs: fc.array(analog3, some),
  digitals: fc.array(digital(longName), { maxLength: 2 }),
  fnom,
  cfgcnt: word,
  gPmuId: fc.uuid(),
  latitude: float32,
  longitude: float32,
  elevation: float32,
  serviceClass: fc.constantFrom('M', 'P'),
  windowUs: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  groupDelayUs: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
})

const frame = {
  version: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  idcode: word,
  soc: fc.integer({ min: 0, max: 0xffffffff }),
  fraction: uint24,
  timeQuality: byte,
  timeBase: uint24,
  timeBaseFlags: byte,
  dataRate: fc.integer({ min: -0x8000, max: 0x7fff }),
}

export const configuration: fc.Arbitrary<Configuration> = fc.oneof(
  fc.record({
    ...frame,
    type: fc.constantFrom(FrameType.config1, FrameType.config2),
    pmus: fc.array(pmu2, some),
  }),
  fc.record({ ...frame, type: fc.constant(FrameType.config3), pmus: fc.array(pmu3, some) }),
)

/** Words of a data frame, the remarkable ones often. */
export const dataWord: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 0x8000, 0xffff, 0x80000000, 0x7fc00000, 0x7fa00001, 0xffa12345, 0x7f800000, 0xff800000, 1),
)
