import type { Period } from './reading.ts'
import type { Segment, Store } from './store.ts'
import { type Tier, tiers } from './tiers.ts'

/** The sealed files of one hour and one configuration, by tier; the finest first. */
export type SealedHour = readonly Segment[]

/** Those that have something of a period, as the finest of each says: one that is coarse seems to begin before its first frame. */
export function sealedHours(store: Store, stream: number, { fromUs, toUs }: Period): readonly SealedHour[] {
  const hours = new Map<string, Segment[]>()
  for (const segment of store.allOf(stream)) {
    const key = `${segment.hour} ${segment.epoch}`
    const known = hours.get(key)
    if (known) known.push(segment)
    else hours.set(key, [segment])
  }
  return [...hours.values()]
    .map((files) => files.toSorted((one, other) => tiers.indexOf(one.tier) - tiers.indexOf(other.tier)))
    .filter(([finest]) => finest!.toUs >= fromUs && finest!.fromUs < toUs)
    .toSorted(([one], [other]) => one!.fromUs - other!.fromUs)
}

/** Of each hour and configuration the file that was wanted, or else a finer one, or the one that is left. */
export function bestSegments(store: Store, stream: number, period: Period, wanted: Tier): readonly Segment[] {
  const at = tiers.indexOf(wanted)
  return sealedHours(store, stream, period).map(
    (files) => files.findLast(({ tier }) => tiers.indexOf(tier) <= at) ?? files[0]!,
  )
}
