import { type Configuration, FrameType, type PmuConfiguration } from '../../../src/c37118/index.ts'

const pmu: PmuConfiguration = {
  stn: 'Zürich-β',
  idcode: 8,
  gPmuId: '00112233-4455-6677-8899-aabbccddeeff',
  format: { polar: false, phasors: 'int16', analogs: 'int16', freq: 'int16' },
  phasors: [
    {
      name: 'Ua€',
      kind: 'voltage',
      scale: 12.5,
      angleOffset: 0.5,
      component: 'phase A',
      modification: 0x0104,
      userByte: 0,
    },
  ],
  analogs: [{ name: 'P', magnitude: 2.5, offset: -3 }],
  digitals: [{ labels: ['open', 'closed', ...new Array<string>(14).fill('')], normal: 1, valid: 3 }],
  latitude: 47.25,
  longitude: 8.5,
  elevation: Number.POSITIVE_INFINITY,
  serviceClass: 'P',
  windowUs: 40_000,
  groupDelayUs: 20_000,
  fnom: 50,
  cfgcnt: 3,
}

/** A CFG-3 with one of everything. */
export const config3: Configuration = {
  type: FrameType.config3,
  version: 2,
  idcode: 7,
  soc: 1_700_000_000,
  fraction: 1000,
  timeQuality: 0x23,
  timeBase: 1_000_000,
  timeBaseFlags: 0,
  dataRate: -10,
  pmus: [pmu],
}

/** One that takes three fragments. */
export const largeConfig3: Configuration = {
  ...config3,
  pmus: Array.from({ length: 100 }, (_, at) => ({
    ...pmu,
    idcode: at + 1,
    stn: `Station ${at}`,
    digitals: Array.from({ length: 8 }, () => ({
      labels: Array.from({ length: 16 }, (_, bit) => `breaker ${bit}`),
      normal: 0,
      valid: 0xffff,
    })),
  })),
}
