/**
 * Runs every command of README.md, CONTRIBUTING.md and docs/*.md in a clone, in the order of each page.
 *
 * A fenced block marked `sh` or `console` is run, line by line. What cannot end by itself or needs a neighbour is
 * told by a comment on the line before the block:
 *
 *   <!-- ci: interrupt 15s -->        let it run, then SIGINT; it must end cleanly
 *   <!-- ci: background "text" -->    keep it running until the page ends; go on once it has printed text
 *   <!-- ci: exit 1 -->               it must end with this exit code
 *   <!-- ci: not here: reason -->     printed with its reason, not run (a command for another machine)
 *
 * Usage: node .ci/run-docs.mjs CLONE
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const clone = process.argv[2]
if (!clone || !existsSync(join(clone, 'README.md'))) {
  console.error('usage: node .ci/run-docs.mjs CLONE')
  process.exit(2)
}
/** Ctrl-C reaches the shell too: it must live to tell how the command ended. */
const survive = 'trap : INT\n'
/** The report is of the whole suite, not of what a page runs of it. */
const { PHASORBUS_TEST_REPORT: _, ...withoutReport } = process.env
const limitMs = 20 * 60_000

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(clone, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]
let ran = 0
for (const page of pages) {
  const background = []
  try {
    for (const block of blocksOf(readFileSync(join(clone, page), 'utf8'))) {
      if (block.how.startsWith('not here')) {
        console.log(`-- ${page}: not run (${block.how}): ${block.command.split('\n')[0]}`)
        continue
      }
      console.log(`-- ${page}: ${block.command.replaceAll('\n', '\n   ')}`)
      await run(block, background)
      ran++
    }
  } finally {
    for (const child of background) await interrupt(child)
  }
}
console.log(`${ran} blocks of commands ran as their pages say`)
if (ran === 0) process.exit(1)

function blocksOf(text) {
  const found = text.matchAll(/(?:<!-- ci: (?<how>.*?) -->\n+)?```(?:sh|console)\n(?<command>[\s\S]*?)```/g)
  return [...found].map(({ groups }) => ({ how: groups.how ?? '', command: groups.command.trim() }))
}

async function run({ how, command }, background) {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `${survive}${command}`], {
    cwd: clone,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: command.includes('npm test') ? process.env : withoutReport,
  })
  child.output = ''
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)))
  child.ended = ended
  const seen = readiness(child, /^background "(.*)"$/.exec(how)?.[1])
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text) => {
      child.output = (child.output + text).slice(-20_000)
      seen.look()
    })
  }

  if (how.startsWith('background')) {
    background.push(child)
    const first = await Promise.race([seen.promise, ended.then((code) => `ended with ${code}`), timeout(60_000)])
    if (first !== 'seen') fail(child, `did not get ready: ${first}`)
    return
  }
  const after = /^interrupt (\d+)s$/.exec(how)?.[1]
  if (after) {
    const early = await Promise.race([ended.then((code) => `ended early with ${code}`), timeout(Number(after) * 1000)])
    if (early !== 'timeout') fail(child, early)
    const code = await interrupt(child)
    // npm says 130 of whatever it ran when it was interrupted itself.
    if (code !== 0 && code !== 130) fail(child, `ended with ${code} after SIGINT`)
    return
  }
  const expected = Number(/^exit (\d+)$/.exec(how)?.[1] ?? 0)
  const code = await Promise.race([ended, timeout(limitMs)])
  if (code !== expected) fail(child, `ended with ${code}, not ${expected}`)
}

function readiness(child, text) {
  let resolve
  const promise = new Promise((done) => {
    resolve = done
  })
  return { promise, look: () => text !== undefined && child.output.includes(text) && resolve('seen') }
}

/** The whole group, as a terminal does on Ctrl-C. */
async function interrupt(child) {
  if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGINT')
  const code = await Promise.race([child.ended, timeout(15_000)])
  if (code === 'timeout') {
    process.kill(-child.pid, 'SIGKILL')
    fail(child, 'did not end within 15 s of SIGINT')
  }
  return code
}

function timeout(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms, 'timeout').unref())
}

function fail(child, why) {
  console.error(child.output)
  console.error(`FAILED: ${why}`)
  process.exitCode = 1
  throw new Error(why)
}
