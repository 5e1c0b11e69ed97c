import { CodedError } from '../runtime/coded-error.ts'

/** What can be wrong with a capture file. `offset` counts bytes from the beginning of the file or pipe. */
export type CaptureFault =
  /** The input ends inside a packet or block; everything before it was read. */
  | { readonly code: 'CAPTURE_TRUNCATED'; readonly offset: number; readonly need: number; readonly have: number }
  | { readonly code: 'CAPTURE_COMPRESSED'; readonly offset: number; readonly format: 'gzip' | 'zstd' | 'xz' | 'lz4' }
  | {
      readonly code: 'CAPTURE_VERSION_UNSUPPORTED'
      readonly offset: number
      readonly major: number
      readonly minor: number
    }
  | { readonly code: 'CAPTURE_TOO_LARGE'; readonly offset: number; readonly size: number; readonly max: number }
  | { readonly code: 'CAPTURE_BAD_BLOCK'; readonly offset: number; readonly what: string; readonly value: number }

/** A capture file that cannot be read on. What was whole before `offset` has been delivered. */
export class CaptureError extends CodedError<CaptureFault> {}
