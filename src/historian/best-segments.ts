import type { Period } from './reading.ts'
import type { Segment, Store } from './store.ts'
import { type Tier, tiers, tierUs } from './tiers.ts'

/** The sealed files of one hour and one configuration, by tier; the finest first. */
export type SealedHour = readonly Segment[]

/** Those that have something of a period: of the others of their hour some may be gone, or there in part only. */
export function sealedHours(store: Store, stream: number, period: Period): readonly SealedHour[] {
  const hours = new Map<string, Segment[]>()
  for (const segment of store.allOf(stream)) {
    const key = `${segment.hour} ${segment.epoch}`
    const known = hours.get(key)
    if (known) known.push(segment)
    else hours.set(key, [segment])
  }
  return [...hours.values()]
    .map((files) => files.toSorted((one, other) => tiers.indexOf(one.tier) - tiers.indexOf(other.tier)))
    .map((files) => reaching(files, period))
    .filter((files) => files.length > 0)
    .toSorted(([one], [other]) => one!.fromUs - other!.fromUs)
}

/** One that is coarse seems to begin before its first frame: a finer one that begins in its first part says when. */
function reaching(files: SealedHour, { fromUs, toUs }: Period): SealedHour {
  let firstUs = Number.POSITIVE_INFINITY
  return files.filter((file) => {
    const partUs = file.tier === 'frames' ? 0 : tierUs[file.tier]
    if (firstUs >= file.fromUs + partUs) firstUs = file.fromUs
    return file.toUs >= fromUs && firstUs < toUs
  })
}

/** Of each hour and configuration the file that was wanted, or else a finer one, or the one that is left. */
export function bestSegments(store: Store, stream: number, period: Period, wanted: Tier): readonly Segment[] {
  const at = tiers.indexOf(wanted)
  return sealedHours(store, stream, period).map(
    (files) => files.findLast(({ tier }) => tiers.indexOf(tier) <= at) ?? files[0]!,
  )
}
