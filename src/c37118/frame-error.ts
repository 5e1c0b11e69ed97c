import { CodedError } from '../runtime/coded-error.ts'

/** What can be wrong with bytes that claim to be a C37.118.2 frame, or with data that should become one. */
export type FrameFault =
  /** `need` bytes from byte `at` on, `have` are there. */
  | { readonly code: 'FRAME_TRUNCATED'; readonly at: number; readonly need: number; readonly have: number }
  | { readonly code: 'FRAME_TRAILING_BYTES'; readonly count: number }
  | { readonly code: 'FRAME_BAD_SYNC'; readonly sync: number }
  /** A frame of C37.118.2-2024 (version 3), or of a version that no standard has. */
  | { readonly code: 'FRAME_VERSION_UNSUPPORTED'; readonly version: number; readonly sync: number }
  | { readonly code: 'FRAME_UNKNOWN_TYPE'; readonly type: number; readonly sync: number }
  | { readonly code: 'FRAME_BAD_SIZE'; readonly size: number; readonly minimum: number }
  | {
      readonly code: 'FRAME_BAD_CHECKSUM'
      readonly idcode: number
      readonly carried: number
      readonly computed: number
    }
  | { readonly code: 'FRAME_WRONG_TYPE'; readonly type: number; readonly expected: readonly number[] }
  | { readonly code: 'FRAME_TOO_LARGE'; readonly size: number; readonly limit: number }
  /** Fragments of a CFG-3 that are not one configuration: `index` is the CONT_IDX found where `expected` had to be. */
  | { readonly code: 'CONFIG_FRAGMENT_OUT_OF_ORDER'; readonly index: number; readonly expected: number }
  | { readonly code: 'CONFIG_FRAGMENT_FOREIGN'; readonly idcode: number; readonly expected: number }
  | { readonly code: 'CONFIG_FRAGMENTS_INCOMPLETE'; readonly fragments: number }
  | { readonly code: 'CONFIG_FRAGMENTS_TOO_LARGE'; readonly size: number; readonly limit: number }
  | { readonly code: 'DATA_SIZE_MISMATCH'; readonly idcode: number; readonly size: number; readonly expected: number }
  /** A sample that has not the shape its configuration has. */
  | { readonly code: 'DATA_SHAPE_MISMATCH'; readonly field: string; readonly count: number; readonly expected: number }
  | {
      readonly code: 'FIELD_OUT_OF_RANGE'
      readonly field: string
      readonly value: number
      readonly minimum: number
      readonly maximum: number
    }
  | { readonly code: 'FIELD_BAD_TEXT'; readonly field: string; readonly value: string }
  | {
      readonly code: 'FIELD_TEXT_TOO_LONG'
      readonly field: string
      readonly value: string
      readonly size: number
      readonly limit: number
    }

/** The only error this folder throws. */
export class FrameError extends CodedError<FrameFault> {}
