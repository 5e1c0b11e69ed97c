import { Command } from 'commander'
import type { InspectedStream } from '../../journal/index.ts'
import type { AbsentRange } from '../../streams/index.ts'
import { writeJson } from '../output.ts'
import { createProgress, noProgress } from '../terminal/progress.ts'
import { formatBytes, formatSpan } from '../terminal/quantity.ts'
import { createStyle } from '../terminal/style.ts'
import { formatTable } from '../terminal/table.ts'
import { isoOf, openJournals, utcText } from './open.ts'

const help = `
FROM and TO are the first and last timestamp that is kept, UTC. GAPS counts the
times in between without a session with the PMU, and those of which frames are
known to be lost, with how long they are together. Timestamps that the PMU
skipped are no gaps: \`phasorbus decode --summary SEGMENT\` counts those.

Examples:
  phasorbus journal ls phasorbus-state
  phasorbus journal ls phasorbus-state --json | jq '.journals[].streams[] | {stream, frames}'

Exit codes: 0 done, 1 there is no journal, or it cannot be read, 2 usage.`

export function lsCommand(): Command {
  return new Command('ls')
    .summary('list streams: since when, how much, with which gaps')
    .description('List what journals keep: a line per stream.')
    .argument('FOLDER', 'a journal, or a folder with journals below it')
    .option('--json', 'print one object: { journals: [{ journal, streams: [...] }] }')
    .addHelpText('after', help)
    .action(ls)
}

interface Row {
  readonly stream: InspectedStream
  readonly sessions: number
  readonly gaps: readonly AbsentRange[]
}

async function ls(folder: string, { json }: { readonly json?: true }): Promise<void> {
  const journals = await openJournals(folder)
  const total = journals.reduce((sum, { streams }) => sum + streams.length, 0)
  const progress = json ? noProgress : createProgress(process.stderr, { label: 'looking through streams', total })
  const listed: { journal: string; rows: Row[] }[] = []
  let done = 0
  for (const journal of journals) {
    const rows: Row[] = []
    for (const stream of journal.streams) {
      rows.push({ stream, sessions: await stream.sessions(), gaps: await stream.gaps() })
      progress.at(++done)
    }
    listed.push({ journal: journal.folder, rows })
  }
  progress.end()
  if (json) {
    writeJson({ journals: listed.map(({ journal, rows }) => ({ journal, streams: rows.map(rowJson) })) })
    return
  }
  const style = createStyle(process.stdout)
  const lines = listed.flatMap(({ journal, rows }, i) => [
    ...(i > 0 ? [''] : []),
    style.dim(journal),
    ...(rows.length === 0 ? ['nothing is kept yet'] : table(rows)),
  ])
  process.stdout.write(`${lines.join('\n')}\n`)
}

function table(rows: readonly Row[]): string[] {
  return formatTable(
    ['STREAM', 'FROM', 'TO', 'SIZE', 'SEGMENTS', 'FRAMES', 'SESSIONS', 'GAPS'],
    rows.map(({ stream, sessions, gaps }) => {
      const { topic, span, bytes, segments, frames } = stream
      return [
        topic,
        span ? utcText(span.fromUs) : '',
        span ? utcText(span.toUs) : '',
        formatBytes(bytes),
        String(segments.length),
        String(frames),
        String(sessions),
        gapsText(gaps),
      ]
    }),
    { right: [3, 4, 5, 6, 7] },
  )
}

function gapsText(gaps: readonly AbsentRange[]): string {
  if (gaps.length === 0) return '0'
  const us = gaps.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)
  return `${countOf(gaps)}, ${formatSpan(us / 1000)}`
}

/** Neighbours of different reasons are one gap. */
const countOf = (gaps: readonly AbsentRange[]): number =>
  gaps.filter(({ fromUs }, i) => gaps[i - 1]?.toUs !== fromUs).length

function rowJson({ stream, sessions, gaps }: Row): object {
  const { topic, span, bytes, segments, frames } = stream
  return {
    stream: topic,
    from: span ? isoOf(span.fromUs) : null,
    to: span ? isoOf(span.toUs) : null,
    bytes,
    segments: segments.length,
    frames,
    sessions,
    gaps: gaps.map(gapJson),
  }
}

export function gapJson({ fromUs, toUs, verdict, reason }: AbsentRange): object {
  return { from: isoOf(fromUs), to: isoOf(toUs), verdict, ...(reason === undefined ? {} : { reason }) }
}
