import type { Configuration, PmuConfiguration } from '../c37118/index.ts'
import { type BlockFormat, formatted } from './block-format.ts'

/** Which blocks of an input are taken, and what they are called. A block is named by its IDCODE or by its STN. */
export interface MemberRules {
  /** Only these; without it all. */
  readonly only?: readonly (number | string)[]
  readonly drop?: readonly (number | string)[]
  readonly rename?: readonly {
    readonly block: number | string
    readonly stn?: string
    readonly idcode?: number
  }[]
}

/** A PMU of an aggregate. */
export interface Member {
  /** Whose block it is: a topic, or the name of a source. */
  readonly input: string
  /** Its index in the input's frames. */
  readonly block: number
  /** As the aggregate has it. */
  readonly pmu: PmuConfiguration
}

/** The blocks of an input that are taken, in its own order. */
export function membersOf(
  input: string,
  { pmus }: Configuration,
  rules: MemberRules = {},
  format: BlockFormat = {},
): Member[] {
  const { only, drop = [], rename = [] } = rules
  return pmus.flatMap((pmu, block) => {
    const is = (name: number | string): boolean => name === pmu.idcode || name === pmu.stn
    if ((only && !only.some(is)) || drop.some(is)) return []
    const names = rename.find(({ block: name }) => is(name))
    return [{ input, block, pmu: formatted(names ? renamed(pmu, names) : pmu, format) }]
  })
}

function renamed(pmu: PmuConfiguration, { stn = pmu.stn, idcode = pmu.idcode }: Partial<PmuConfiguration>) {
  return { ...pmu, stn, idcode }
}
