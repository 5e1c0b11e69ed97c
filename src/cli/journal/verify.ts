import { Command } from 'commander'
import { type FoundDamage, isHarmless, type VerifiedStream, verifyLogs, verifyStream } from '../../journal/index.ts'
import { CliError } from '../cli-error.ts'
import { writeJson } from '../output.ts'
import { createProgress, noProgress } from '../terminal/progress.ts'
import { count, formatBytes } from '../terminal/quantity.ts'
import { createStyle, type Style } from '../terminal/style.ts'
import { gapJson } from './ls.ts'
import { isoOf, openJournals, utcText } from './open.ts'

const help = `
Every byte is read: each frame against its CHK, each line of the event records
and each entry of index and log against its own. What is damaged is named with
file, offset and the time of the frames that are lost with it; so is what the
journal knows that it lost, when its disk was full, say. An index or a version
that is damaged costs nothing: it is made anew. Frames that were in memory when a
process was killed ("crash-window": at most the write delay) are listed, and are
no damage.

Examples:
  phasorbus journal verify phasorbus-state
  phasorbus journal verify phasorbus-state --json | jq '.journals[].streams[].damages[]'

Exit codes: 0 all of it is right, 1 it cannot be read, 2 usage,
3 something is damaged, or is known to be lost.`

export function verifyCommand(): Command {
  return new Command('verify')
    .summary('check every byte, name each damage')
    .description('Check every byte of journals.')
    .argument('FOLDER', 'a journal, or a folder with journals below it')
    .option('--json', 'print one object: { journals: [{ journal, streams: [...], log_damages: [...] }] }')
    .addHelpText('after', help)
    .action(verify)
}

interface Verified {
  readonly journal: string
  readonly streams: readonly VerifiedStream[]
  readonly logDamages: readonly FoundDamage[]
}

async function verify(folder: string, { json }: { readonly json?: true }): Promise<void> {
  const journals = await openJournals(folder)
  const total = journals.flatMap(({ streams }) => streams).reduce((sum, { bytes }) => sum + bytes, 0)
  const options = { label: 'checking', total, text: formatBytes }
  const progress = json ? noProgress : createProgress(process.stderr, options)
  const all: Verified[] = []
  let bytes = 0
  for (const journal of journals) {
    const streams: VerifiedStream[] = []
    const logDamages = await verifyLogs(journal)
    for (const stream of journal.streams) {
      streams.push(
        await verifyStream(journal, stream, (more) => {
          bytes += more
          progress.at(bytes)
        }),
      )
    }
    all.push({ journal: journal.folder, streams, logDamages })
  }
  progress.end()
  if (json) writeJson({ journals: all.map(verifiedJson) })
  else process.stdout.write(`${text(all, createStyle(process.stdout)).join('\n')}\n`)
  const problems = all.flatMap(({ streams, logDamages }) => [
    ...logDamages.filter((damage) => !isHarmless(damage)),
    ...streams.flatMap(({ damages, lost }) => [
      ...damages.filter((damage) => !isHarmless(damage)),
      ...lost.filter(({ reason }) => reason === 'write-failed'),
    ]),
  ])
  if (problems.length > 0) {
    throw new CliError({ code: 'CLI_DATA_LOST' }, `data are damaged or lost in ${count(problems.length, 'place')}`)
  }
}

function text(all: readonly Verified[], style: Style): string[] {
  return all.flatMap(({ journal, streams, logDamages }) => [
    style.dim(journal),
    ...logDamages.map((damage) => damageText(damage, style)),
    ...streams.flatMap(({ topic, segments, frames, bytes, damages, lost }) => [
      `${topic}: ${count(frames, 'frame')} in ${count(segments, 'segment')}, ${formatBytes(bytes)}${
        damages.length + lost.length === 0 ? `, ${style.good('all right')}` : ''
      }`,
      ...damages.map((damage) => damageText(damage, style)),
      ...lost.map(
        ({ fromUs, toUs, reason = '' }) =>
          `  ${style.warn('lost')}     ${utcText(fromUs)} to ${utcText(toUs)}: ${reason}`,
      ),
    ]),
  ])
}

function damageText(damage: FoundDamage, style: Style): string {
  const { kind, file, offset, bytes, between } = damage
  const cost = between
    ? `; frames between ${utcText(between.fromUs)} and ${utcText(between.toUs)} are lost`
    : (remedies[kind] ?? '')
  const word = isHarmless(damage) ? style.warn('damaged') : style.bad('damaged')
  return `  ${word}  ${file} at byte ${offset}: ${count(bytes, 'byte')} of ${kind}${cost}`
}

const remedies: Partial<Readonly<Record<FoundDamage['kind'], string>>> = {
  index: '; it is made anew from the frames',
  version: '; the next run writes it anew',
}

function verifiedJson({ journal, streams, logDamages }: Verified): object {
  return {
    journal,
    log_damages: logDamages.map(damageJson),
    streams: streams.map(({ topic, segments, frames, bytes, damages, lost }) => ({
      stream: topic,
      segments,
      frames,
      bytes,
      damages: damages.map(damageJson),
      lost: lost.map(gapJson),
    })),
  }
}

function damageJson({ kind, file, offset, bytes, between }: FoundDamage): object {
  return {
    file,
    offset,
    bytes,
    of: kind,
    ...(between && { frames_after: isoOf(between.fromUs), frames_before: isoOf(between.toUs) }),
  }
}
