import { type Configuration, compileDecoder, type DataColumns, type DataDecoder } from '../c37118/index.ts'
import type { SlotGrid } from '../streams/index.ts'
import { type OnInstant, RateConverter, type RateMethod } from './rate-converter.ts'
import { sampleOf } from './rated-sample.ts'

/** An input whose rate is not that of the output: from its frames to samples at the output's instants. */
export class RatedInput {
  readonly #decoder: DataDecoder
  readonly #columns: DataColumns
  readonly #isPolar: readonly boolean[]
  readonly #converter: RateConverter

  /** `from`: its frames per second. */
  constructor({ pmus, ...rest }: Configuration, method: RateMethod, from: number, grid: SlotGrid) {
    this.#decoder = compileDecoder({ pmus, ...rest })
    this.#columns = this.#decoder.createColumns()
    this.#isPolar = pmus.flatMap(({ phasors, format }) => phasors.map(() => format.polar))
    this.#converter = new RateConverter({
      method,
      from,
      grid,
      fnom: pmus.flatMap(({ phasors, fnom }) => phasors.map(() => fnom)),
      pmuOfPhasor: pmus.flatMap(({ phasors }, pmu) => phasors.map(() => pmu)),
    })
  }

  /** A frame of the input, at its time in µs. `false`: older than the one before, and of no use. */
  push(frame: Uint8Array, timeUs: number, onInstant: OnInstant): boolean {
    this.#decoder.decodeInto(frame, this.#columns)
    return this.#converter.push(sampleOf(this.#columns, timeUs, this.#isPolar), onInstant)
  }
}
