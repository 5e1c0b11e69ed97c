import { type Configuration, describeAnalogType, framesPerSecond, type PmuConfiguration } from '../c37118/index.ts'
import { snakeCased } from '../runtime/snake-cased.ts'

export interface ConfigurationJson {
  readonly idcode: number
  readonly time_base: number
  readonly data_rate: number
  readonly frames_per_second: number
  /** In the order of the configuration. */
  readonly pmus: readonly object[]
}

/** A configuration with its fields under the standard's names. What only repeats the wire's bytes is left out. */
export function configurationJson({ timeBase, dataRate, pmus, idcode }: Configuration): ConfigurationJson {
  return {
    idcode,
    time_base: timeBase,
    data_rate: dataRate,
    frames_per_second: framesPerSecond(dataRate),
    pmus: pmus.map(pmuConfigurationJson),
  }
}

function pmuConfigurationJson(pmu: PmuConfiguration): object {
  const { stn, idcode, format, phasors, analogs, digitals, fnom, cfgcnt } = pmu
  return {
    station_name: stn,
    idcode,
    format,
    phasors: phasors.map(({ nameBytes, unitBytes, ...channel }) => snakeCased(channel)),
    analogs: analogs.map(({ nameBytes, unitBytes, ...channel }) => ({
      ...snakeCased(channel),
      ...(channel.type !== undefined && { type_text: describeAnalogType(channel.type) }),
    })),
    digitals: digitals.map(({ labels, normal, valid }) => ({ labels, normal, valid })),
    fnom_hz: fnom,
    cfgcnt,
    ...(pmu.gPmuId !== undefined && { g_pmu_id: pmu.gPmuId }),
    ...(pmu.latitude !== undefined && { latitude: pmu.latitude, longitude: pmu.longitude, elevation: pmu.elevation }),
    ...(pmu.serviceClass !== undefined && { service_class: pmu.serviceClass }),
    ...(pmu.windowUs !== undefined && { window_us: pmu.windowUs, group_delay_us: pmu.groupDelayUs }),
  }
}
