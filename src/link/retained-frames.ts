import {
  Command,
  type Configuration,
  decodeConfiguration,
  FrameType,
  fractionOf,
  sameConfiguration,
  socOf,
  stampFrame,
} from '../c37118/index.ts'
import { countersDiffer } from './configuration-counters.ts'

export type ConfigurationFrameType = Configuration['type']

interface Retained {
  readonly fragments: readonly Uint8Array[]
  readonly configuration: Configuration
}

/** What a server has of one stream to answer with, byte for byte as it was given. */
export class RetainedFrames {
  readonly #configurations = new Map<ConfigurationFrameType, Retained>()
  #header: Uint8Array | undefined

  /** The configuration that data frames are described by: CFG-2, or CFG-3 where there is no CFG-2. */
  get inForce(): readonly Uint8Array[] | undefined {
    return this.#inForce?.fragments
  }

  get #inForce(): Retained | undefined {
    return this.#configurations.get(FrameType.config2) ?? this.#configurations.get(FrameType.config3)
  }

  /** Takes a configuration; throws a FrameError if it is none. Returns its type. A CFG-3 in force leaves no CFG-2. */
  setConfiguration(fragments: readonly Uint8Array[], inForce: boolean): ConfigurationFrameType {
    const configuration = decodeConfiguration(fragments)
    if (inForce && configuration.type === FrameType.config3) this.#configurations.delete(FrameType.config2)
    this.#configurations.set(configuration.type, { fragments, configuration })
    return configuration.type
  }

  setHeader(frame: Uint8Array): void {
    this.#header = frame
  }

  /**
   * The frames that answer a request, or undefined where there are none: not
   * every PMU has a header or a CFG-3. A CFG-1 is made from CFG-2 where there
   * is none, as for a PMU that sends all it measures. A CFG-1 or CFG-3 of an
   * earlier CFGCNT than what is in force is not given out any more.
   */
  answer(command: number): readonly Uint8Array[] | undefined {
    switch (command) {
      case Command.sendHeader:
        return this.#header && [this.#header]
      case Command.sendConfig1:
        return this.#current(FrameType.config1) ?? this.#madeConfig1()
      case Command.sendConfig2:
        return this.#configurations.get(FrameType.config2)?.fragments
      case Command.sendConfig3:
        return this.#current(FrameType.config3)
      default:
        return undefined
    }
  }

  #current(type: ConfigurationFrameType): readonly Uint8Array[] | undefined {
    const found = this.#configurations.get(type)
    const inForce = this.#inForce
    if (!found || (inForce && countersDiffer(inForce.configuration, found.configuration))) return undefined
    return found.fragments
  }

  #madeConfig1(): readonly Uint8Array[] | undefined {
    const config2 = this.#configurations.get(FrameType.config2)?.fragments[0]
    if (!config2) return undefined
    const frame = new Uint8Array(config2)
    frame[1] = (frame[1]! & 0x0f) | (FrameType.config1 << 4)
    stampFrame(frame, { soc: socOf(frame), fraction: fractionOf(frame) })
    return [frame]
  }
}

/** Whether an answer given earlier would be given again; undefined stands for none. */
export function sameAnswer(one: readonly Uint8Array[] | undefined, other: readonly Uint8Array[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return sameConfiguration(one, other)
}
