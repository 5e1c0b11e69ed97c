export interface BenchOptions {
  /** Within 45 s, at the price of a wider spread. */
  readonly quick: boolean
  /** For the person who watches; goes to standard error. */
  readonly note: (line: string) => void
}

/**
 * What was measured, by name with its unit. A headline figure is a median; its
 * spread stands beside it as NAME_min and NAME_max.
 */
export type Figures = Readonly<Record<string, number>>
