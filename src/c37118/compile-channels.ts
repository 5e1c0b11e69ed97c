import type { ChannelCodec } from './channel-codec.ts'
import type { Configuration } from './configuration.ts'
import type { DataLayout, PmuPlaces } from './data-layout.ts'
import { phasorScaleOf, polarCodec, rectangularCodec } from './phasor-codecs.ts'
import { analogCodec, floatCodec, frequencyCodec, wordCodec } from './plain-codecs.ts'

/** The codecs of all parts of a configuration's data frames, STAT first. After this no FORMAT is looked at again. */
export function compileChannels({ type }: Configuration, layout: DataLayout): ChannelCodec[] {
  return layout.pmus.flatMap((places) => compilePmu(places, type))
}

function compilePmu(places: PmuPlaces, type: Configuration['type']): ChannelCodec[] {
  const { pmu, index } = places
  const { phasors, analogs, digitals, format } = pmu
  const phasorWord = places.word + 1
  const freqWord = phasorWord + 2 * phasors.length
  const analogWord = freqWord + 2
  const digitalWord = analogWord + analogs.length

  const codecs = [wordCodec('stat', index, places.word, 1)]
  if (phasors.length > 0) codecs.push(phasorCodec(places, phasorWord, type))
  if (format.freq === 'float32') {
    codecs.push(floatCodec('freq', index, freqWord, 1), floatCodec('dfreq', index, freqWord + 1, 1))
  } else {
    codecs.push(frequencyCodec(index, freqWord, pmu.fnom))
  }
  if (analogs.length > 0) {
    codecs.push(
      format.analogs === 'float32'
        ? floatCodec('analogs', places.analog, analogWord, analogs.length)
        : analogCodec(analogs, places, analogWord, type),
    )
  }
  if (digitals.length > 0) codecs.push(wordCodec('digitals', places.digital, digitalWord, digitals.length))
  return codecs
}

function phasorCodec({ pmu, phasor }: PmuPlaces, word: number, type: Configuration['type']): ChannelCodec {
  const { phasors, format } = pmu
  if (format.phasors === 'float32') return floatCodec('phasors', 2 * phasor, word, 2 * phasors.length)
  const scales = phasors.map((channel) => phasorScaleOf(channel, type))
  return format.polar ? polarCodec(scales, 2 * phasor, word) : rectangularCodec(scales, 2 * phasor, word)
}
