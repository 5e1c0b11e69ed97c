/** Results go to standard output, everything said about them to standard error. */
export function writeJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}

/** One object on one line: for output that goes on while it is read. */
export function writeNdjson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
