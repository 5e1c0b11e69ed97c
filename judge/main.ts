#!/usr/bin/env node
/**
 * `node dist/judge/main.js WRITTEN.log READ.log [--from first-read]`: prints the
 * verdict as JSON and ends with 0 when everything that was written was read
 * once, unaltered and in order; 1 when not; 2 when it cannot tell.
 */
import { readFrameLog } from './frame-log.ts'
import { Judge } from './judge.ts'

const [written, read, ...rest] = process.argv.slice(2)
if (!written || !read || (rest.length > 0 && rest.join(' ') !== '--from first-read')) {
  process.stderr.write('usage: judge WRITTEN.log READ.log [--from first-read]\n')
  process.exit(2)
}

try {
  // The whole of one log is read before the other: all of it is under way then.
  const maxUnderWay = Number.POSITIVE_INFINITY
  const judge = new Judge({ from: rest.length > 0 ? 'first-read' : 'first-written', maxUnderWay })
  for await (const { stream, frame, atMs } of readFrameLog(written)) judge.wrote(stream, frame, atMs)
  for await (const { stream, frame, atMs } of readFrameLog(read)) judge.read(stream, frame, atMs)
  const verdict = judge.verdict()
  process.stdout.write(`${JSON.stringify(verdict)}\n`)
  const { published, lost, duplicated, differing, reordered } = verdict
  process.exitCode = published > 0 && lost + duplicated + differing + reordered === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`judge: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
