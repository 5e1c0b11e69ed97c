import { text as readAll } from 'node:stream/consumers'

/** A grid file as named on the command line; `-` is read from standard input and its includes from the working folder. */
export async function readGridArgument(argument: string): Promise<{ name: string; text?: string }> {
  if (argument !== '-') return { name: argument }
  return { name: '<stdin>', text: await readAll(process.stdin) }
}
