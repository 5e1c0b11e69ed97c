/** What the codec bench decodes: 54 bytes as a real PMU sends them, and 456 bytes of four PMUs with 45 phasors. */
import {
  type Configuration,
  compileEncoder,
  decodeConfiguration,
  FrameType,
  type PmuConfiguration,
} from '../../src/c37118/index.ts'
import { configurationFrame } from '../support/golden.ts'

export interface Workload {
  readonly configuration: Configuration
  /** Different ones, so that no value can be foreseen. */
  readonly frames: readonly Uint8Array[]
}

const framesPerWorkload = 1024

/** Four float phasors, rectangular, integer FREQ: 54 bytes. */
export const smallWorkload = (): Workload => workload(decodeConfiguration(configurationFrame(241)))

/** 45 float phasors, 12 float analogs and 4 digital words of four PMUs, integer FREQ: 456 bytes. */
export function largeWorkload(): Workload {
  const small = decodeConfiguration(configurationFrame(241))
  return workload({ ...small, type: FrameType.config2, pmus: [12, 11, 11, 11].map(pmuOf) })
}

function pmuOf(phasors: number, at: number): PmuConfiguration {
  return {
    stn: `PMU ${at + 1}`,
    idcode: at + 1,
    format: { polar: false, phasors: 'float32', analogs: 'float32', freq: 'int16' },
    phasors: Array.from({ length: phasors }, (_, i) => ({ name: `V${i + 1}`, kind: 'voltage', phunit: 1 })),
    analogs: Array.from({ length: 3 }, (_, i) => ({ name: `A${i + 1}`, type: 1, scale: 1 })),
    digitals: [{ labels: Array.from({ length: 16 }, (_, i) => `D${i + 1}`), normal: 0, valid: 0xffff }],
    fnom: 50,
    cfgcnt: 1,
  }
}

/** Frames at 50 a second with values that turn and wander. */
function workload(configuration: Configuration): Workload {
  const encoder = compileEncoder(configuration)
  const columns = encoder.createColumns()
  const frames = Array.from({ length: framesPerWorkload }, (_, at) => {
    columns.soc = 1_217_606_730 + Math.floor(at / 50)
    columns.fraction = Math.round(((at % 50) / 50) * configuration.timeBase)
    columns.stat.fill(at % 7 === 0 ? 0x0800 : 0)
    columns.phasors.forEach((_, i) => {
      columns.phasors[i] = 100_000 * Math.cos(at / 100 + i)
    })
    columns.freq.fill(50 + 0.02 * Math.sin(at / 50))
    columns.dfreq.fill(0.05 * Math.cos(at / 50))
    columns.analogs.fill(at * 1.5)
    columns.digitals.fill(at)
    return encoder.encode(columns)
  })
  return { configuration, frames }
}
