/**
 * Text that somebody else wrote (names of a PMU, a header, the reason in a
 * state) as it may stand on a terminal: what would move the cursor, recolour,
 * end the line or turn the writing direction is shown as U+FFFD.
 */
export const printable = (text: string): string => text.replace(COMMANDING, '\ufffd')

// Controls (C0, DEL, C1), line and paragraph separators, and what turns the writing direction.
const COMMANDING = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
