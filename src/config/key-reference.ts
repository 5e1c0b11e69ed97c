import { gridJsonSchema } from './json-schema.ts'

/** One key of grid.yaml, for people. */
export interface KeyEntry {
  /** `sites[].pmus[].idcode` */
  readonly path: string
  /** `text`, `number`, `one of a, b`, `list`, … */
  readonly type: string
  /** As YAML would have it; undefined where there is none. */
  readonly preset: string | undefined
  readonly required: boolean
  readonly description: string
}

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

/** Every key of a grid file in the order of the schema, from the schema itself. */
export function keyReference(): KeyEntry[] {
  return [...keysOf(gridJsonSchema() as Schema, '', new Map())]
}

/** `told`: mappings whose keys were listed already, and where. */
function* keysOf(schema: Schema, path: string, told: Map<string, string>): Generator<KeyEntry> {
  const seen = new Set<string>()
  const objects = objectsIn(schema)
  for (const object of objects) {
    for (const [key, value] of Object.entries(object.properties ?? {})) {
      if (seen.has(key)) continue // what several kinds have in common
      seen.add(key)
      const inner = path === '' ? key : `${path}.${key}`
      const shape = JSON.stringify(objectsIn(value))
      const before = shape === '[]' ? undefined : told.get(shape)
      told.set(shape, before ?? inner)
      yield {
        path: inner,
        type: typeOf(...objects.flatMap(({ properties }) => properties?.[key] ?? [])),
        preset: 'default' in value ? presetOf(value.default) : undefined,
        required: (object.required ?? []).includes(key) && !('default' in value),
        description: `${value.description ?? ''}${before === undefined ? '' : `; keys as of ${before}`}`,
      }
      if (before === undefined) yield* keysOf(value, `${inner}${isList(value) ? '[]' : ''}`, told)
    }
  }
}

/** Objects that a value may be, or that its list may hold. */
function objectsIn(schema: Schema): Schema[] {
  if (schema.properties) return [schema]
  if (schema.items) return objectsIn(schema.items)
  return variantsOf(schema).flatMap(objectsIn)
}

const variantsOf = ({ anyOf, oneOf }: Schema): readonly Schema[] => anyOf ?? oneOf ?? []

/** Whether mappings can only stand in a list there. */
function isList(schema: Schema): boolean {
  if (schema.type === 'array') return true
  const withKeys = variantsOf(schema).filter((variant) => objectsIn(variant).length > 0)
  return withKeys.length > 0 && withKeys.every(isList)
}

const typeOf = (...schemas: readonly Schema[]): string => [...new Set(schemas.flatMap(typesOf))].join(' or ')

function typesOf(schema: Schema): readonly string[] {
  const { enum: choices, const: only, items } = schema
  if (only !== undefined) return [`\`${String(only)}\``]
  if (choices) return choices.map((choice) => `\`${String(choice)}\``)
  if (variantsOf(schema).length > 0) return variantsOf(schema).flatMap(typesOf)
  return [items ? `list of ${typeOf(items)}` : plainType(schema)]
}

function plainType({ type }: Schema): string {
  return (
    { string: 'text', integer: 'whole number', number: 'number', boolean: 'true or false', object: 'mapping' }[
      type ?? ''
    ] ?? ''
  )
}

/** Defaults that are mappings say nothing that their own keys do not. */
function presetOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return JSON.stringify(value)
  return typeof value === 'object' && value !== null ? undefined : String(value)
}
