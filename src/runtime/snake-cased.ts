/**
 * Fields under the names that all JSON of the command line has: `chkErrors` is
 * `chk_errors`. The top level only: what is below is somebody's own.
 */
export function snakeCased(fields: object): object {
  const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [snake(name), value]))
}
