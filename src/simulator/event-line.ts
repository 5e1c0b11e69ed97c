import type { z } from 'zod'
import { suggest } from '../config/suggest.ts'
import { SimulatorEvent } from './events.ts'
import { parseEvent } from './parse-settings.ts'
import { SimulatorError } from './simulator-error.ts'

/** One kind of event, for a person who wants to know what to type. */
export interface EventKind {
  readonly kind: string
  readonly about: string
  readonly fields: readonly { readonly name: string; readonly about: string; readonly isOptional: boolean }[]
}

/** What an operator types for `durationS`. */
const DURATION_WORD = 'for'

/** All kinds of events, as the schema has them. */
export function eventKinds(): readonly EventKind[] {
  return SimulatorEvent.options.map((option) => ({
    kind: [...option.shape.kind.values][0]!,
    about: option.description ?? '',
    fields: Object.entries<z.ZodType>(option.shape)
      .filter(([name]) => name !== 'kind')
      .map(([name, field]) => ({
        name: name === 'durationS' ? DURATION_WORD : name,
        about: field.description ?? '',
        isOptional: field.safeParse(undefined).success,
      })),
  }))
}

/**
 * An event as a line: its kind, then `name=value` pairs, such as
 * `load-step bus=18 kw=200 for=10`. Throws {@link SimulatorError}.
 */
export function parseEventLine(line: string): SimulatorEvent {
  const [kind = '', ...pairs] = line.trim().split(/\s+/)
  const known = eventKinds().find((event) => event.kind === kind)
  if (!known) {
    const kinds = eventKinds().map((event) => event.kind)
    const meant = suggest(kind, kinds)
    throw badEvent(`no event is called ${kind || 'nothing'}; ${meant ? `did you mean ${meant}?` : kinds.join(', ')}`)
  }

  const names = known.fields.map(({ name }) => name)
  const event: Record<string, unknown> = { kind }
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    if (at < 1) throw badEvent(`\`${pair}\` is not NAME=VALUE; ${kind} has ${names.join(', ')}`)
    if (!names.includes(name) && name !== 'durationS') {
      const meant = suggest(name, names)
      throw badEvent(
        `${kind} has no \`${name}\`; ${meant ? `did you mean \`${meant}\`?` : `it has ${names.join(', ')}`}`,
      )
    }
    event[name === DURATION_WORD ? 'durationS' : name] = numberOrText(pair.slice(at + 1))
  }
  return parseEvent(event)
}

/** A number where it is one; a branch (`6-26`) and phases (`ab`) are text. */
function numberOrText(text: string): unknown {
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

function badEvent(problem: string): SimulatorError {
  return new SimulatorError({ code: 'SIMULATOR_BAD_EVENT', problems: [problem] }, problem)
}
