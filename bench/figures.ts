export interface BenchOptions {
  /** Within 45 s where it can be, at the price of a wider spread. */
  readonly quick: boolean
  /** For the person who watches; goes to standard error. */
  readonly note: (line: string) => void
  /** Where it runs, in one line. */
  readonly machine: string
  /** What else stood on the command line: parts of the bench to run, all of them by default. */
  readonly names: readonly string[]
  /** Of each part so many runs. */
  readonly runs?: number
  /** Cases whose name contains this. */
  readonly only?: string
  /** Folder for a report, and for what it is made from. */
  readonly out?: string
}

/**
 * What was measured, by name with its unit. A headline figure is a median; its
 * spread stands beside it as NAME_min and NAME_max.
 */
export type Figures = Readonly<Record<string, number>>
