import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'
import type { Position, Problem } from './problem.ts'

/** One YAML document of a file: its plain value, and where each part of it stands. */
export interface YamlDocument {
  readonly file: string
  readonly value: unknown
  /** Position of the value at `path`; of the nearest thing around it when there is none. */
  at(path: readonly PropertyKey[]): Position
  /** Position of a key of the mapping at `path`. */
  atKey(path: readonly PropertyKey[], key: string): Position
  /** The scalar as it was typed: 0765 and 765 are the same number, not the same name. */
  sourceOf(path: readonly PropertyKey[]): string | undefined
}

/** Parses every document of a file. Syntax errors and duplicate keys come back as problems. */
export function parseYaml(text: string, file: string): { documents: YamlDocument[]; problems: Problem[] } {
  // A capture, say. What it holds must not reach a terminal.
  if (text.includes('\0')) {
    const message = 'the file is not text; a grid file is YAML'
    return { documents: [], problems: [{ file, line: 1, column: 1, severity: 'error', path: '', message }] }
  }
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true })
  const all: Document.Parsed[] = Array.isArray(parsed) ? [...parsed] : []
  const problems: Problem[] = []
  const documents: YamlDocument[] = []

  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  for (const document of all) {
    for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
      problems.push({ ...position(pos[0]), severity: 'error', path: '', ...explainYaml(code, message) })
    }
    if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) continue
    try {
      documents.push({ file, value: document.toJS({ maxAliasCount: 100 }), ...locator(document, position) })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      problems.push({ ...position(0), severity: 'error', path: '', message: `not usable YAML: ${message}` })
    }
  }
  return { documents, problems }
}

function locator(
  document: Document.Parsed,
  position: (offset: number) => Position,
): Pick<YamlDocument, 'at' | 'atKey' | 'sourceOf'> {
  const nodeAt = (path: readonly PropertyKey[]): Node | undefined =>
    path.reduce<Node | undefined>(
      (node, key) => resolveAlias(childOf(node, key)?.value, document),
      document.contents ?? undefined,
    )

  const at = (path: readonly PropertyKey[]): Position => {
    const node = nodeAt(path)
    if (node?.range) return position(node.range[0])
    return path.length === 0 ? position(document.range[0]) : at(path.slice(0, -1))
  }
  return {
    at,
    atKey(path, key) {
      const node = childOf(nodeAt(path), key)?.key
      return node?.range ? position(node.range[0]) : at(path)
    },
    sourceOf(path) {
      const node = nodeAt(path)
      return isScalar(node) ? node.source : undefined
    },
  }
}

/** Of a key that stands there twice the last counts, as it does for the value. */
function childOf(node: Node | undefined, key: PropertyKey): { key?: Node; value?: Node } | undefined {
  if (isSeq(node)) return { value: node.items[key as number] as Node }
  if (!isMap(node)) return undefined
  const pair = node.items.findLast((item) => isScalar(item.key) && item.key.value === key)
  return pair as { key?: Node; value?: Node } | undefined
}

function resolveAlias(node: Node | null | undefined, document: Document.Parsed): Node | undefined {
  return (isAlias(node) ? node.resolve(document) : node) ?? undefined
}

function explainYaml(code: string, message: string): Pick<Problem, 'message' | 'fix'> {
  switch (code) {
    case 'DUPLICATE_KEY':
      return { message: 'this key stands here twice', fix: 'keep one of them' }
    case 'TAB_AS_INDENT':
      return { message: 'a tab is used to indent', fix: 'YAML takes spaces only' }
    case 'BAD_INDENT':
    case 'MISSING_CHAR':
      return {
        message: `not valid YAML: ${lower(message)}`,
        fix: 'check the indentation and the quotes of this line and the one above',
      }
    default:
      return { message: `not valid YAML: ${lower(message)}` }
  }
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
