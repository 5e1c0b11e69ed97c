import type { StreamSink } from '../bus/index.ts'
import type { StreamLedger } from '../streams/index.ts'
import type { AccountMetrics } from './account-metrics.ts'
import type { Epochs } from './epochs.ts'
import type { Finals } from './finals.ts'
import type { Lateness } from './lateness.ts'

/** One stream at one consumer. */
export interface ConsumedStream {
  readonly topic: string
  /** The subscription it came by, where it did; another that overlaps is not heard. */
  sink: StreamSink | undefined
  readonly ledger: StreamLedger
  readonly metrics: AccountMetrics
  readonly epochs: Epochs
  readonly lateness: Lateness
  readonly finals: Finals
  /** When its last live frame came, by the monotonic clock in ms. */
  liveMs: number
}
