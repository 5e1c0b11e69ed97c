import { z } from 'zod'
import { formatPath, type Problem } from './problem.ts'
import { suggest } from './suggest.ts'
import type { YamlDocument } from './yaml-document.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** Checks a document against a schema: its typed value, or every problem with its place and its fix. */
export function checkDocument<S extends z.ZodType>(
  schema: S,
  document: YamlDocument,
): { value?: z.output<S>; problems: Problem[] } {
  const result = schema.safeParse(document.value, { reportInput: true })
  if (result.success) return { value: result.data, problems: [] }
  const problems = result.error.issues.flatMap((issue) => toProblems(issue, [], schema, document))
  const meant = new Set(
    problems.map(({ path, fix }) => path.replace(/[^.]*$/, /^did you mean `(.*)`/.exec(fix ?? '')?.[1] ?? '-')),
  )
  return { problems: problems.filter(({ path, message }) => !(message.endsWith(' is missing') && meant.has(path))) }
}

function toProblems(issue: Issue, base: Path, schema: z.ZodType, document: YamlDocument): Problem[] {
  const path = [...base, ...issue.path]
  const problem = (facts: Pick<Problem, 'message'> & Partial<Problem>): Problem => ({
    ...document.at(path),
    severity: 'error',
    path: formatPath(path),
    ...facts,
  })
  switch (issue.code) {
    case 'invalid_union':
      if (issue.errors.length === 0) return [problem(unknownKind(issue, path, document))]
      return likeliestBranch(issue.errors).flatMap((inner) => toProblems(inner, path, schema, document))
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        problem({
          ...document.atKey(path, key),
          path: formatPath([...path, key]),
          ...unknownKey(key, path, schema, document),
        }),
      )
    case 'invalid_type':
      return [
        problem({
          ...(issue.input === null && document.atKey(path.slice(0, -1), String(path.at(-1)))),
          ...wrongType(issue, path),
        }),
      ]
    case 'invalid_value':
      // Schemas may say it better than a list of what they take.
      return [problem(issue.message.startsWith('Invalid ') ? wrongValue(issue) : splitFix(issue.message))]
    case 'too_small':
    case 'too_big':
      return [problem({ message: outOfRange(issue, path) })]
    default:
      return [problem(splitFix(issue.message))]
  }
}

/**
 * Of a union's complaints only those count that take the value for what it was
 * meant to be: its type, then its keys, then how little is wrong with it.
 */
function likeliestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const flat = branches.map((issues) => issues.flatMap((issue) => flatten(issue)))
  const fitting = flat.filter((issues) => !issues.some(({ code, path }) => path.length === 0 && isMisfit(code)))
  const [best] = fitting.toSorted((a, b) => wrongKeys(a) - wrongKeys(b) || a.length - b.length)
  return best ?? choice(flat.flat()) ?? flat[0] ?? []
}

/** Keys of the value itself that are foreign, missing, or say that it is of another kind. */
function wrongKeys(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.code === 'unrecognized_keys' && issue.path.length === 0) return sum + issue.keys.length
    const missing = issue.code === 'invalid_type' && issue.input === undefined
    const otherKind = issue.code === 'invalid_value' || (issue.code === 'invalid_union' && issue.errors.length === 0)
    return issue.path.length === 1 && (missing || otherKind) ? sum + 1 : sum
  }, 0)
}

/** Several fixed values, each a branch of its own, are one choice to the reader. */
function choice(issues: readonly Issue[]): readonly Issue[] | undefined {
  const [first, ...rest] = issues.filter((issue) => issue.code === 'invalid_value' && issue.path.length === 0)
  if (first?.code !== 'invalid_value') return undefined
  const more = rest.flatMap((issue) => (issue.code === 'invalid_value' ? issue.values : []))
  return [{ ...first, values: [...first.values, ...more] }]
}

function flatten(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  return likeliestBranch(issue.errors).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue)
}

const isMisfit = (code: Issue['code']): boolean =>
  code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_format'

function unknownKey(
  key: string,
  path: Path,
  schema: z.ZodType,
  document: YamlDocument,
): Pick<Problem, 'message' | 'fix'> {
  const known = [...keysAt(schema, path, document.value)]
  const used = new Set(Object.keys(valueAt(document.value, path) ?? {}))
  if (known.includes(key)) {
    return {
      message: `\`${key}\` does not go with the other keys here`,
      fix: 'see docs/configuration.md for what belongs together',
    }
  }
  const meant = suggest(
    key,
    known.filter((name) => !used.has(name)),
  )
  return {
    message: `unknown key \`${key}\``,
    fix: meant === undefined ? `known here: ${known.join(', ')}` : `did you mean \`${meant}\`?`,
  }
}

/** A word that should say which of several objects this is, but says none. */
function unknownKind(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  document: YamlDocument,
): Pick<Problem, 'message' | 'fix'> {
  const key = String(path.at(-1))
  const known = ('options' in issue && Array.isArray(issue.options) ? issue.options : []).map(String)
  const said = (valueAt(document.value, path.slice(0, -1)) as Record<string, unknown> | undefined)?.[key]
  if (said === undefined) return { message: `\`${key}\` is missing`, fix: `one of ${known.join(', ')}` }
  const meant = suggest(String(said), known)
  const fix = meant === undefined ? `one of ${known.join(', ')}` : `did you mean \`${meant}\`?`
  return { message: `${describe(said)} is no \`${key}\` that is known here`, fix }
}

function wrongType({ expected, input }: z.core.$ZodIssueInvalidType, path: Path): Pick<Problem, 'message' | 'fix'> {
  const name = path.length === 0 ? 'the file' : `\`${String(path.at(-1))}\``
  if (input === undefined) return { message: `${name} is missing` }
  if (input === null)
    return { message: `${name} has no value`, fix: `give it ${typeNames[expected] ?? expected}, or leave the key out` }
  return { message: `${name} must be ${typeNames[expected] ?? expected}, not ${describe(input)}` }
}

function wrongValue({ values, input }: z.core.$ZodIssueInvalidValue): Pick<Problem, 'message' | 'fix'> {
  const allowed = values.map((value) => `\`${String(value)}\``).join(', ')
  const meant = typeof input === 'string' ? suggest(input, values.map(String)) : undefined
  return {
    message: `${describe(input)} is not known here`,
    fix:
      meant === undefined
        ? `${values.length === 1 ? 'it must be' : 'one of'} ${allowed}`
        : `did you mean \`${meant}\`?`,
  }
}

function outOfRange(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, path: Path): string {
  if (issue.origin !== 'number' && issue.origin !== 'int') {
    const empty = issue.code === 'too_small' && Number(issue.minimum) === 1
    return empty && issue.message.startsWith('Too small') ? `\`${String(path.at(-1))}\` is empty` : issue.message
  }
  const bound =
    issue.code === 'too_small'
      ? `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
      : `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`
  return `\`${String(path.at(-1))}\` must be ${bound}, not ${String(issue.input)}`
}

/** Messages of our own schemas say the fix after a semicolon. */
function splitFix(text: string): Pick<Problem, 'message' | 'fix'> {
  const cut = text.indexOf('; ')
  return cut === -1 ? { message: text } : { message: text.slice(0, cut), fix: text.slice(cut + 2) }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (key: value)',
}

/** Of a value in a message: enough to find it. */
const LONGEST_QUOTE = 80

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a mapping'
  const text = String(value)
  return `\`${text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text}\``
}

function valueAt(value: unknown, path: Path): object | undefined {
  const found = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value)
  return typeof found === 'object' && found !== null ? found : undefined
}

/** Keys that an object at this path may have, as far as what stands there tells which object is meant. */
function keysAt(schema: z.ZodType, path: Path, value: unknown): Set<string> {
  const keys = new Set<string>()
  for (const object of objectsAt([schema], path, value)) for (const key of Object.keys(object.shape)) keys.add(key)
  return keys
}

function objectsAt(schemas: readonly z.core.$ZodType[], path: Path, value: unknown): z.ZodObject[] {
  const open = schemas.flatMap((schema) => unwrap(schema, value))
  const [key, ...rest] = path
  if (key === undefined) return open.filter((schema): schema is z.ZodObject => schema instanceof z.ZodObject)
  const inner = open.flatMap((schema): z.core.$ZodType[] => {
    if (schema instanceof z.ZodObject) return typeof key === 'string' && schema.shape[key] ? [schema.shape[key]] : []
    return schema instanceof z.ZodArray && typeof key === 'number' ? [schema.element] : []
  })
  return objectsAt(inner, rest, (value as Record<PropertyKey, unknown> | null | undefined)?.[key])
}

/** What a schema may turn out to be for this value, without defaults, transforms and choices around it. */
function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodType[] {
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const kind = (value as Record<string, unknown> | null | undefined)?.[schema.def.discriminator]
    return schema.options.filter((option) => option._zod.propValues?.[schema.def.discriminator]?.has(kind as string))
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => unwrap(option, value))
  if (schema instanceof z.ZodPipe) return unwrap(schema.in, value)
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.def.innerType, value)
  }
  return [schema]
}
