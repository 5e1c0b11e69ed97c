import { type Configuration, type DataSample, microsecondsOf } from '../../c37118/index.ts'
import { configurationJson } from '../../streams/index.ts'
import { isoMicroseconds } from '../decode/text.ts'
import { pmuJson, timeQualityJson } from '../json/sample-json.ts'

/** A configuration as a line of `tap --json`; its fields are those of `decode --json`. */
export function configurationObject(stream: string, configuration: Configuration): object {
  return { type: 'configuration', stream, ...configurationJson(configuration) }
}

/** A data frame as a line of `tap --json`; its fields are those of `decode --json`. */
export function dataObject(stream: string, sample: DataSample, { timeBase, pmus }: Configuration): object {
  const { idcode, soc, fraction, timeQuality, version } = sample
  return {
    type: 'data',
    stream,
    idcode,
    soc,
    fraction,
    timestamp: isoMicroseconds(microsecondsOf(sample, timeBase)),
    time_quality: timeQualityJson(timeQuality),
    pmus: sample.pmus.map((pmu, i) => pmuJson(pmu, pmus[i]!, version)),
  }
}
