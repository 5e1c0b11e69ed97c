/** A fault, what it is tried on, and what became of it. */
import type { Line, LineOptions } from './line.ts'
import type { Kill } from './set-apart.ts'
import type { Window } from './window.ts'

export interface Fault {
  readonly name: string
  /** One sentence: what is done. */
  readonly what: string
  /** Tried ten times at most in a report: each takes a minute. */
  readonly slow?: boolean
  readonly cases: readonly FaultCase[]
}

export interface FaultCase {
  /** Unique within the fault: `phasorbus`, `plain`, `phasorbus, standby` … */
  readonly name: string
  readonly line: Omit<LineOptions, 'built' | 'heapProbe'>
  /** A line of its own for every run, where a run does not leave it as it was. */
  readonly fresh?: boolean
  /**
   * Whose death takes frames that nothing can bring back: what PMUs sent while
   * their only adapter was dead, or what was in the socket to a PDC.
   */
  readonly kills?: 'only-adapter' | 'consumer'
  /** Keeps message rate and latency around the end of the fault, for a plot. */
  readonly series?: boolean
  /** Nothing more comes once nothing has come for so long; 4 s by default. */
  readonly quietMs?: number
  /** Of a family of runs that differ in one number: packets lost per hundred. */
  readonly x?: number
  /** Live frames flow when it begins. Resolves when the cause is gone. */
  strike(line: Line, window: Window, quick: boolean): Promise<Strike>
  /** Takes away a cause that outlasts the strike, two minutes after the window if what has accounts still lacks something. */
  relieve?(line: Line): Promise<void>
  /** What has to be put right before the next run. */
  mend?(line: Line): Promise<void>
}

/** Monotonic milliseconds. */
export interface Strike {
  readonly faultMs: number
  /** Of a process that was killed. */
  readonly kill?: Kill
  /** When what was broken could be used again; for what does not come back, the fault itself. */
  readonly healMs: number
}

export interface RunResult {
  readonly at: string
  /** Where it ran. */
  readonly machine?: string
  /** What was run, where git knows. */
  readonly commit?: string
  readonly published: number
  /** Frames that were written and never read, less the two below. */
  readonly lost: number
  /** What PMUs sent while their only adapter was dead. */
  readonly not_received: number
  /** What had been given to a PDC's connection when its adapter was killed. */
  readonly in_socket: number
  readonly duplicated: number
  readonly differing: number
  /** From the end of the fault until every PDC reads live frames again; null: not within a minute. */
  readonly recovery_ms: number | null
  /** The same from its beginning. */
  readonly outage_ms: number | null
  /** From the end of the fault until the last late frame was read; null: there was none. */
  readonly healed_ms: number | null
  /** Of live frames before the fault, and of those written while late ones came: the first second apart. */
  readonly steady_p99_ms: number | null
  readonly healing_p99_ms: number | null
  /** Of frames written since the fault, whenever they were read. */
  readonly p50_ms: number | null
  readonly p99_ms: number | null
  /** What the consumer's own accounts say became of it, by verdict and reason; null: it keeps none. */
  readonly account: Readonly<Record<string, number>> | null
  /** The accounts add up, and miss as many frames as the judge does. */
  readonly account_agrees: boolean | null
  readonly series?: Series
}

/** From `fromMs` relative to the first frame read after the fault's end, in bins. */
export interface Series {
  readonly fromMs: number
  readonly binMs: number
  /** Frames read, per second. */
  readonly rate: readonly number[]
  /** Greatest latency of frames written after the fault's end, in ms; null where none was read. */
  readonly live_ms: readonly (number | null)[]
}
