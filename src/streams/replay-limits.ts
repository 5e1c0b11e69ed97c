/** Bounds of the replay contract: of what is sent, and of what is taken from the wire. */

/** Bytes of one message of an answer, unless a single frame is larger. */
export const REPLY_PART_BYTES = 16_384
/** Bytes of an answer that a request may ask for; more is taken for this. */
export const MAX_ANSWER_BYTES = 1024 * 1024
/** What a request without `max_bytes` gets. */
export const DEFAULT_ANSWER_BYTES = 16_384
/** Messages of an answer, its end apart. */
export const MAX_REPLY_PARTS = 1024
/** Characters of a cursor. */
export const MAX_CURSOR_LENGTH = 512
/** Entries of `absent`; where a journal knows more, the answer ends before them. */
export const MAX_ABSENT_RANGES = 64
/** The first time that SOC cannot say, in microseconds since the UNIX epoch. */
export const END_OF_TIME_US = 0x1_0000_0000 * 1_000_000
/** Bytes of a request, and of an answer's end. */
export const MAX_REQUEST_BYTES = 4096
export const MAX_END_BYTES = 32_768
