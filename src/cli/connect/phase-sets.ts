import type { PhasorChannel } from '../../c37118/index.ts'

/** Three phasor channels of one PMU that are phases A, B and C of the same place. */
export interface PhaseSet {
  readonly kind: 'voltage' | 'current'
  /** Indexes of A, B and C. */
  readonly channels: readonly [number, number, number]
  /** Nothing in the names says so: they are three, and in this order. */
  readonly assumed: boolean
}

/** How the three phases are called, in order. */
const alphabets = [
  ['A', 'B', 'C'],
  ['L1', 'L2', 'L3'],
  ['R', 'S', 'T'],
  ['R', 'Y', 'B'],
] as const

/** Finds the phases in a PMU's channels: names that differ in the letter of the phase alone. */
export function phaseSets(phasors: readonly PhasorChannel[]): PhaseSet[] {
  const sets: PhaseSet[] = []
  const taken = new Set<number>()
  for (const alphabet of alphabets) {
    for (const set of setsOf(alphabet, phasors)) {
      if (set.channels.some((index) => taken.has(index))) continue
      for (const index of set.channels) taken.add(index)
      sets.push(set)
    }
  }
  for (const kind of ['voltage', 'current'] as const) {
    const all = [...phasors.keys()].filter((index) => phasors[index]!.kind === kind)
    const named = sets.some((set) => set.kind === kind)
    if (!named && all.length === 3) sets.push({ kind, channels: all as [number, number, number], assumed: true })
  }
  return sets.toSorted((a, b) => a.channels[0] - b.channels[0])
}

function setsOf(alphabet: readonly string[], phasors: readonly PhasorChannel[]): PhaseSet[] {
  const groups = new Map<string, (number | undefined)[]>()
  for (const [index, { name, kind }] of phasors.entries()) {
    const text = name.toUpperCase()
    for (const [phase, letter] of alphabet.entries()) {
      for (let at = text.indexOf(letter); at !== -1; at = text.indexOf(letter, at + 1)) {
        const key = `${kind}:${text.slice(0, at)}*${text.slice(at + letter.length)}`
        const group = groups.get(key) ?? []
        group[phase] ??= index
        groups.set(key, group)
      }
    }
  }
  return [...groups]
    .filter(([, [a, b, c]]) => a !== undefined && b !== undefined && c !== undefined)
    .map(([, group]) => {
      const channels = group as unknown as [number, number, number]
      return { kind: phasors[channels[0]]!.kind, channels, assumed: false }
    })
}
