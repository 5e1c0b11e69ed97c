/** What whoever may ask an API may know of the grid: who measures where. No address, no file, no secret. */
export interface GridJson {
  readonly area: string
  readonly sites: readonly GridSiteJson[]
  /** Where PMUs are simulated: the feeder that they share, its tie switches included. */
  readonly network?: {
    readonly name: string
    readonly buses: readonly number[]
    readonly branches: readonly { readonly from: number; readonly to: number; readonly closed: boolean }[]
  }
}

export interface GridSiteJson {
  /** location-type/location-id */
  readonly site: string
  readonly area: string
  readonly pmus: readonly {
    readonly topic: string
    readonly idcode: number
    readonly simulated?: { readonly bus: number }
  }[]
  readonly pdcs: readonly { readonly topic: string }[]
  readonly historians: readonly { readonly id: string; readonly streams: readonly string[] }[]
}
