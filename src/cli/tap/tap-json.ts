import { type Configuration, type DataSample, describeStat, timestampOf } from '../../c37118/index.ts'

/** A configuration as a line of `tap --json`: names, once, for the values that follow. */
export function configurationObject(stream: string, configuration: Configuration): object {
  return {
    type: 'configuration',
    stream,
    idcode: configuration.idcode,
    data_rate: configuration.dataRate,
    time_base: configuration.timeBase,
    pmus: configuration.pmus.map(({ stn, idcode, fnom, cfgcnt, phasors, analogs, digitals }) => ({
      stn,
      idcode,
      fnom,
      cfgcnt,
      phasors: phasors.map(({ name, kind }) => ({ name, unit: kind === 'voltage' ? 'V' : 'A' })),
      analogs: analogs.map(({ name }) => name),
      digitals: digitals.map(({ labels }) => labels),
    })),
  }
}

/** A data frame as a line of `tap --json`: V, A, degrees, Hz, Hz/s. What is absent is null. */
export function dataObject(stream: string, sample: DataSample, { timeBase }: Configuration): object {
  return {
    type: 'data',
    stream,
    time: new Date(Math.round(timestampOf(sample, timeBase) * 1000)).toISOString(),
    soc: sample.soc,
    fraction: sample.fraction,
    time_quality: sample.timeQuality,
    pmus: sample.pmus.map(({ stn, idcode, stat, freq, dfreq, phasors, analogs, digitals }) => ({
      stn,
      idcode,
      stat,
      stat_text: describeStat(stat, sample.version),
      freq,
      dfreq,
      phasors: phasors.map(({ name, magnitude, angle }) => ({ name, magnitude, degrees: (angle * 180) / Math.PI })),
      analogs,
      digitals,
    })),
  }
}
