import type { Address } from './address.ts'
import type { Broker } from './broker.ts'
import type { LiveConfig } from './bus.ts'
import type { JournalConfig } from './journal.ts'
import type { PdcOutputFields } from './pdc.ts'
import type { LateSettings, RecoverySettings } from './recovery.ts'
import type { ServerConfig } from './server.ts'
import type { SimulatedSource, SimulatorSettings } from './simulator.ts'
import type { SourceConfig } from './source.ts'
import type { Transport } from './transport.ts'

/** A whole grid: every file read, every default filled in, every name made absolute. Plain data. */
export interface Grid {
  readonly sites: readonly Site[]
  readonly metrics?: { readonly listen: Address }
  readonly simulator: SimulatorSettings
  readonly network?: Network
}

/** The one-line diagram of the area. */
export interface Network {
  /** Between two phases. */
  readonly nominalKv?: number
  readonly branches: readonly (readonly [string, string])[]
}

/** What one process runs: one node of the bus. */
export interface Site {
  readonly area: string
  readonly locationType: string
  readonly locationId: string
  readonly nodeId: string
  /** Sites that name no broker share the grid's: then this is the same object. */
  readonly broker: Broker
  /** Absolute: where this node keeps what must survive it. No other node has the same. */
  readonly stateFolder: string
  /** How what its PMUs send, and its PDCs, is recorded; undefined: it is not. */
  readonly journal: JournalConfig | undefined
  readonly pmus: readonly Pmu[]
  readonly pdcs: readonly Pdc[]
  readonly pdcAdapters: readonly PdcAdapter[]
  readonly historians: readonly Historian[]
}

export interface Pmu {
  /** `area/location-type/location-id/PMU/id` */
  readonly topic: string
  readonly dataType: 'PMU' | 'PDC'
  readonly producerId: string
  readonly source: Transport | SimulatedSource
  /** Of the grid's network. */
  readonly bus?: string
  /** Everything of a {@link SourceConfig} but how the device is reached. */
  readonly session: Omit<SourceConfig, 'transport'>
  readonly live: LiveConfig
}

export interface Pdc {
  readonly id: string
  readonly inputs: readonly PdcInput[]
  readonly recovery: RecoverySettings
  readonly outputs: readonly PdcOutput[]
}

/** Which of its PMUs are taken, and what they are called. */
export interface PdcInputRules {
  readonly only?: readonly (number | string)[]
  readonly drop?: readonly (number | string)[]
  readonly rename?: readonly { readonly block: number | string; readonly stn?: string; readonly idcode?: number }[]
}

/** Streams of the bus, or a device. */
export type PdcInput = { readonly rules: PdcInputRules } & (
  | { readonly streams: string }
  | {
      readonly id: string
      readonly source: Transport | SimulatedSource
      readonly session: Omit<SourceConfig, 'transport'>
    }
)

export interface PdcOutput extends Omit<PdcOutputFields, 'live' | 'publish' | keyof ServerConfig | 'listen'> {
  /** `area/location-type/location-id/PDC/id`; undefined: it is not published. */
  readonly topic: string | undefined
  readonly live: LiveConfig
  readonly server: ServerConfig | undefined
}

export interface PdcAdapter {
  readonly id: string
  /** Whole topics and topic filters. */
  readonly streams: readonly string[]
  readonly server: ServerConfig
  readonly recovery: RecoverySettings
  readonly late: LateSettings
}

export interface Historian {
  readonly id: string
  /** Whole topics and topic filters. */
  readonly streams: readonly string[]
  readonly recovery: RecoverySettings
  readonly sealAfterMin: number
  readonly keepDays: { readonly frames?: number; readonly seconds?: number; readonly minutes?: number }
  readonly memoryMiB: number
  readonly threads: number
  /** Absolute: its store, which no other process opens. */
  readonly folder: string
  readonly api:
    | {
        readonly listen: Address
        readonly tokensFile?: string
        readonly trustedProxies: readonly string[]
        /** A broker as browsers reach it. */
        readonly live?: { readonly url: string; readonly username?: string; readonly passwordFile?: string }
      }
    | undefined
}

/** `secondary-station/1156`, as `--site` takes it. */
export const siteName = ({ locationType, locationId }: Site): string => `${locationType}/${locationId}`

/** First three levels of every topic of a site. */
export const siteTopic = ({
  area,
  locationType,
  locationId,
}: Pick<Site, 'area' | 'locationType' | 'locationId'>): string => `${area}/${locationType}/${locationId}`
