/** A copy of `bytes[start, end)`. Not `slice()`: that of a Node Buffer, which is a Uint8Array too, copies nothing. */
export function copyBytes(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end))
}
