import { CodedError } from '../runtime/coded-error.ts'

export type BusFault =
  /** The connection ended, or never came up; `reason` is what the library or the system said. */
  | { readonly code: 'BUS_CONNECTION_LOST'; readonly broker: string; readonly reason: string }
  | { readonly code: 'BUS_REFUSED'; readonly broker: string; readonly returnCode: number; readonly reason: string }
  | { readonly code: 'BUS_SUBSCRIPTION_REFUSED'; readonly broker: string; readonly filter: string }
  /** Brokers differ in what they send for these over one connection. */
  | { readonly code: 'BUS_FILTERS_OVERLAP'; readonly filters: readonly string[] }
  /** A session that was made a moment ago was not there any more. */
  | { readonly code: 'BUS_NO_SESSIONS'; readonly broker: string }
  | { readonly code: 'BUS_CREDENTIALS_UNREADABLE'; readonly file: string; readonly reason: string }
  | { readonly code: 'BROKER_LISTEN_FAILED'; readonly host: string; readonly port: number; readonly reason: string }

export class BusError extends CodedError<BusFault> {}
