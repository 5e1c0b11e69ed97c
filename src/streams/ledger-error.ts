import { CodedError } from '../runtime/coded-error.ts'

/** What can be wrong with stored intervals and ledgers, and with what is asked of an interval set. */
export type LedgerFault =
  | { readonly code: 'LEDGER_DAMAGED'; readonly at: number; readonly problem: string }
  | { readonly code: 'LEDGER_VERSION'; readonly version: number; readonly known: number }
  | { readonly code: 'LEDGER_NOTHING_FRESH' }
  | { readonly code: 'INTERVAL_INVALID'; readonly from: number; readonly to: number }

export class LedgerError extends CodedError<LedgerFault> {}

export function damaged(at: number, problem: string): LedgerError {
  return new LedgerError({ code: 'LEDGER_DAMAGED', at, problem }, `stored ledger, byte ${at}: ${problem}`)
}
