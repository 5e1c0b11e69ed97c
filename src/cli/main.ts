#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { ExitCode } from './exit-codes.ts'
import { explain } from './explain.ts'
import { createProgram, exitCodeOf, helpTopics, unknownTopic, verbOf } from './program.ts'

process.stdout.on('error', endQuietlyOnEpipe)
process.stderr.on('error', endQuietlyOnEpipe)
await main(process.argv.slice(2))

async function main(args: string[]): Promise<void> {
  try {
    const topic = args[0] === 'help' ? helpTopics[args[1] ?? ''] : undefined
    if (topic !== undefined) {
      process.stdout.write(await topic())
      return
    }
    const unknown = unknownTopic(args)
    if (unknown) throw unknown
    const program = await createProgram(version(), verbOf(args))
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? exitCodeOf(error) : report(error)
  }
}

function report(error: unknown): ExitCode {
  const { exitCode, message, hint, stack } = explain(error)
  const lines = [`phasorbus: ${message}`, hint && `  ${hint}`, stack]
  process.stderr.write(`${lines.filter(Boolean).join('\n')}\n`)
  return exitCode
}

/** `phasorbus … | head` is no mistake: the reader has had enough. */
function endQuietlyOnEpipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok)
  throw error
}

/** The package is two folders up from the sources, three from what `npm run build` writes. */
function version(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    const found = readPackage(new URL(place, import.meta.url))
    if (found?.name === 'phasorbus') return found.version
  }
  return 'unknown'
}

function readPackage(url: URL): { name: string; version: string } | undefined {
  try {
    return JSON.parse(readFileSync(url, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
