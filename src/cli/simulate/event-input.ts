import { createInterface } from 'node:readline'
import { eventKinds, parseEventLine, type Simulator, SimulatorError } from '../../simulator/index.ts'

/** What the operator's lines may do. */
export interface EventInput {
  readonly simulator: Simulator
  /** One line of answer. */
  readonly say: (line: string) => void
  /** The operator has had enough. */
  readonly quit: () => void
  readonly signal: AbortSignal
}

/** Reads events from `lines` as they are typed, until they end or the signal aborts. */
export function followEventLines(lines: NodeJS.ReadableStream, input: EventInput): void {
  if (input.signal.aborted) return
  const reader = createInterface({ input: lines })
  reader.on('line', (line) => {
    const answer = obey(line.trim(), input)
    if (answer !== undefined) input.say(answer)
  })
  input.signal.addEventListener('abort', () => reader.close(), { once: true })
}

/** What to say to a line, after doing what it asks. */
function obey(line: string, { simulator, quit }: EventInput): string | undefined {
  if (line === '' || line.startsWith('#')) return undefined
  if (line === 'help') return eventHelp()
  if (line.startsWith('help ')) return kindHelp(line.slice(5).trim())
  if (line === 'quit') {
    quit()
    return undefined
  }
  if (line === 'end') {
    simulator.endEvents()
    return 'all events end'
  }
  try {
    const { at } = simulator.trigger(parseEventLine(line))
    const now = simulator.simulation.timeS
    return at === undefined || at <= now ? `at ${now.toFixed(2)} s: ${line}` : `will be at ${at} s: ${line}`
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error
    return 'problems' in error.facts ? error.facts.problems.join('; ') : error.sentence
  }
}

/** The sentence for a person. */

/** Every event with its fields; those in brackets may be left out. */
export function eventHelp(): string {
  const events = eventKinds().map(({ kind, about, fields }) => {
    const names = fields
      .filter(({ name }) => name !== 'at')
      .map((field) => (field.isOptional ? `[${field.name}=]` : `${field.name}=`))
    return `  ${[kind, ...names].join(' ')}\n      ${about}`
  })
  return [
    ...events,
    '  Every event takes at= (seconds after the start; left out: now).',
    '  end: all events end    help [EVENT]    quit: stop',
  ].join('\n')
}

/** The fields of one kind, each with what it means. */
function kindHelp(kind: string): string {
  const found = eventKinds().find((event) => event.kind === kind)
  if (!found) return `no event is called ${kind}; \`help\` lists them`
  const fields = found.fields.map(
    ({ name, about, isOptional }) => `  ${name}=  ${about}${isOptional ? '' : ' (needed)'}`,
  )
  return [`${kind}: ${found.about}`, ...fields].join('\n')
}
