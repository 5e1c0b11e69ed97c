/** What the grid file says of the area. */
import { get } from './client.ts'

export interface GridAnswer {
  readonly area: string
  readonly sites: readonly GridSite[]
  /** The one-line diagram, where there is one. */
  readonly network?: Network
}

export interface GridSite {
  /** `secondary-station/1156` */
  readonly site: string
  readonly pmus: readonly GridPmu[]
  readonly pdcs: readonly { readonly topic: string }[]
}

export interface GridPmu {
  readonly topic: string
  /** Of the network, at which it measures. */
  readonly bus?: string
}

export interface Network {
  readonly buses: readonly string[]
  /** Tie switches that are open too. */
  readonly branches: readonly { readonly from: string; readonly to: string; readonly closed: boolean }[]
  /** Of a phase to earth. */
  readonly nominal_v?: number
}

export const getGrid = (signal?: AbortSignal): Promise<GridAnswer> => get('grid', {}, signal)
