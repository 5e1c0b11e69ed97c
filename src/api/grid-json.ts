/** What whoever may ask an API may know of the grid: who measures where. No address, no file, no secret. */
export interface GridJson {
  readonly area: string
  readonly sites: readonly GridSiteJson[]
  /** The one-line diagram: the grid's own, or the feeder of simulated PMUs. */
  readonly network?: {
    /** Between a phase and earth. */
    readonly nominal_v?: number
    readonly buses: readonly string[]
    /** Tie switches that are open, too. */
    readonly branches: readonly { readonly from: string; readonly to: string; readonly closed: boolean }[]
  }
}

export interface GridSiteJson {
  /** location-type/location-id */
  readonly site: string
  readonly area: string
  readonly pmus: readonly {
    readonly topic: string
    readonly idcode: number
    /** Of the network, at which it measures. */
    readonly bus?: string
    readonly simulated: boolean
  }[]
  readonly pdcs: readonly { readonly topic: string }[]
  readonly historians: readonly { readonly id: string; readonly streams: readonly string[] }[]
}
