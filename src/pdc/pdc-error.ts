import { CodedError } from '../runtime/coded-error.ts'

/** What can be wrong with what a PDC is to do. */
export type PdcFault =
  | {
      readonly code: 'PDC_DATA_FRAME_TOO_LARGE'
      readonly size: number
      readonly limit: number
      readonly pmus: number
    }
  | { readonly code: 'PDC_NO_RATE'; readonly input: string }
  | { readonly code: 'PDC_NO_GRID'; readonly dataRate: number; readonly timeBase: number }

export class PdcError extends CodedError<PdcFault> {}
