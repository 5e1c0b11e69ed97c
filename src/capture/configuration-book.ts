import {
  type Configuration,
  ConfigurationAssembler,
  compileDecoder,
  type DataDecoder,
  decodeConfiguration,
  FrameType,
  frameTypeOf,
  idcodeOf,
} from '../c37118/index.ts'
import type { Direction } from './flow.ts'

/** Bound of the streams whose configuration is remembered; the oldest gives way. */
export const MAX_CONFIGURATIONS = 10_000

/**
 * Where a configuration came from, the surest first: this stream itself, the
 * user, another flow of the same device (commands over TCP, data over UDP),
 * the only stream of this IDCODE in the capture.
 */
export type ConfigurationOrigin = 'stream' | 'given' | 'device' | 'idcode'

export interface FoundDecoder {
  readonly decoder: DataDecoder
  readonly origin: ConfigurationOrigin
}

/** The configurations in force, by stream: what data frames of a capture are decoded with. */
export class ConfigurationBook {
  readonly #streams = new Map<string, DataDecoder>()
  readonly #given = new Map<number, DataDecoder>()
  readonly #devices = new Map<string, DataDecoder>()
  /** False where several streams have this IDCODE: then it says nothing. */
  readonly #idcodes = new Map<number, { readonly stream: string; readonly decoder: DataDecoder | false }>()
  readonly #assemblers = new Map<string, ConfigurationAssembler>()
  readonly #fragments = new WeakMap<Configuration, readonly Uint8Array[]>()
  readonly #keepFirst: boolean

  /** `keepFirst`: a later configuration of a stream does not replace an earlier one. */
  constructor({ keepFirst = false } = {}) {
    this.#keepFirst = keepFirst
  }

  /** Takes a configuration from the user, for streams of its IDCODE that do not send one. */
  give(fragments: readonly Uint8Array[]): Configuration {
    const configuration = decodeConfiguration(fragments)
    this.#fragments.set(configuration, fragments)
    this.#given.set(configuration.idcode, compileDecoder(configuration))
    return configuration
  }

  /**
   * Takes a CFG-1, CFG-2 or CFG-3 frame, and returns what it says once that is
   * whole. A CFG-1 says what a source could send, so data are not decoded with
   * it. Throws FrameError for a frame that makes no sense.
   */
  learn(frame: Uint8Array, direction: Direction): Configuration | undefined {
    const key = keyOf(direction, idcodeOf(frame))
    let assembler = this.#assemblers.get(key)
    if (!assembler) {
      assembler = new ConfigurationAssembler()
      this.#assemblers.set(key, assembler)
      dropOldest(this.#assemblers)
    }
    const fragments = assembler.push(frame)
    if (!fragments) return undefined
    const configuration = decodeConfiguration(fragments)
    // The chunk that a frame is a view of holds other traffic too: a copy lets it go.
    const kept = fragments.map((each) => Uint8Array.from(each))
    this.#fragments.set(configuration, kept)
    if (frameTypeOf(frame) !== FrameType.config1) this.#enter(key, configuration, direction)
    return configuration
  }

  /** The frames of a configuration that this book gave; undefined for others. */
  fragmentsOf(configuration: Configuration): readonly Uint8Array[] | undefined {
    return this.#fragments.get(configuration)
  }

  /** What the stream of this frame was last said to be; its size may be another than the frame's. */
  configurationOf(frame: Uint8Array, direction: Direction): Configuration | undefined {
    const idcode = idcodeOf(frame)
    const found = this.#streams.get(keyOf(direction, idcode)) ?? this.#given.get(idcode)
    return (found ?? this.find(frame, direction)?.decoder)?.configuration
  }

  /** What decodes this data frame: its own stream's configuration, or else the surest that fits its size. */
  find(frame: Uint8Array, direction: Direction): FoundDecoder | undefined {
    const idcode = idcodeOf(frame)
    const own = this.#streams.get(keyOf(direction, idcode))
    if (own) return fits(own, frame) ? { decoder: own, origin: 'stream' } : undefined
    const others: [DataDecoder | false | undefined, ConfigurationOrigin][] = [
      [this.#given.get(idcode), 'given'],
      [this.#devices.get(deviceKey(direction, idcode)), 'device'],
      [this.#idcodes.get(idcode)?.decoder, 'idcode'],
    ]
    for (const [decoder, origin] of others) if (decoder && fits(decoder, frame)) return { decoder, origin }
    return undefined
  }

  #enter(key: string, configuration: Configuration, direction: Direction): void {
    if (this.#keepFirst && this.#streams.has(key)) return
    const decoder = compileDecoder(configuration)
    const { idcode } = configuration
    this.#streams.set(key, decoder)
    this.#devices.set(deviceKey(direction, idcode), decoder)
    const other = this.#idcodes.get(idcode)
    const only = other === undefined || other.stream === key
    this.#idcodes.set(idcode, only ? { stream: key, decoder } : { stream: key, decoder: false })
    dropOldest(this.#streams)
    dropOldest(this.#devices)
  }
}

/** Reads configuration frames one after another, as `connect --save-config` writes them. */
export function configurationsIn(frames: Iterable<Uint8Array>): Uint8Array[][] {
  const assembler = new ConfigurationAssembler()
  const found: Uint8Array[][] = []
  for (const frame of frames) {
    const type = frameTypeOf(frame)
    if (type !== FrameType.config2 && type !== FrameType.config3) continue
    const whole = assembler.push(frame)
    if (whole) found.push(whole)
  }
  return found
}

const keyOf = ({ flow }: Direction, idcode: number): string => `${flow.id}/${idcode}`
const deviceKey = ({ from }: Direction, idcode: number): string => `${from.address}/${idcode}`

function fits(decoder: DataDecoder, frame: Uint8Array): boolean {
  return decoder.frameSize === frame.length
}

function dropOldest(map: Map<string, unknown>): void {
  if (map.size > MAX_CONFIGURATIONS) map.delete(map.keys().next().value!)
}
