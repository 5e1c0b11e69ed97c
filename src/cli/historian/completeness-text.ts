import type { CompletenessAnswer, CompletenessCounts } from '../../api/index.ts'
import { isoTime } from '../../runtime/iso-time.ts'
import { reasonWords } from '../../streams/index.ts'
import { count, formatSpan } from '../terminal/quantity.ts'
import { formatTable } from '../terminal/table.ts'

/** Completeness for people: what is held, its parts where there are several, the gaps. */
export function completenessText(answer: CompletenessAnswer): string {
  const { stream, from_us, to_us, expected, held, parts, gaps, more_gaps } = answer
  const lines = [
    `${stream}  ${isoTime(from_us)} to ${isoTime(to_us)}`,
    expected === 0 ? 'nothing is expected in this time' : `${share(answer)} held: ${held} of ${expected} timestamps`,
    ...missing(answer),
  ]
  if (parts.length > 1) {
    const head = ['from', 'expected', 'held', '', 'never produced', 'not received', 'lost', 'pending']
    const rows = parts.map((part) => [
      isoTime(part.from_us),
      ...[`${part.expected}`, `${part.held}`, share(part)],
      ...[part.never_produced, part.not_received, part.lost, part.pending].map(String),
    ])
    lines.push('', ...formatTable(head, rows, { right: [1, 2, 3, 4, 5, 6, 7] }))
  }
  if (gaps.length > 0) {
    const rows = gaps.map((gap) => [
      isoTime(gap.from_us),
      formatSpan((gap.to_us - gap.from_us) / 1000),
      `${gap.frames}`,
      [gap.why.replace('-', ' '), ...(gap.detail === null ? [] : [reasonWords(gap.detail)])].join(': '),
    ])
    lines.push('', ...formatTable(['gap from', 'length', 'frames', 'why'], rows, { right: [1, 2] }))
  }
  if (more_gaps > 0) lines.push(`${count(more_gaps, 'older gap')} not listed: ask for less time`)
  return `${lines.join('\n')}\n`
}

/** Never rounded up to all of it. */
function share({ held, expected }: CompletenessCounts): string {
  return expected === 0 ? '' : `${(Math.floor((held / expected) * 1e5) / 1e3).toFixed(3)} %`
}

function missing({ never_produced, not_received, lost, pending, reasons }: CompletenessAnswer): readonly string[] {
  const why = (of: Readonly<Record<string, number>>): string => {
    const named = Object.entries(of).filter(([, number]) => number > 0)
    return named.length === 0
      ? ''
      : ` (${named.map(([reason, number]) => `${reasonWords(reason)}: ${number}`).join(', ')})`
  }
  const said = [
    never_produced > 0 && `${never_produced} never produced`,
    not_received > 0 && `${not_received} not received${why(reasons.not_received)}`,
    lost > 0 && `${lost} lost${why(reasons.lost)}`,
    pending > 0 && `${pending} pending`,
  ].filter((part) => part !== false)
  return said.length === 0 ? [] : [`not held: ${said.join(', ')}`]
}
