import { readdir } from 'node:fs/promises'
import { dirname, isAbsolute, join, sep } from 'node:path'

/** Files that an include pattern names, sorted. `*` and `?` stand for letters within one name, as in a shell. */
export async function findIncluded(pattern: string, fromFile: string): Promise<string[]> {
  const [root, parts] = isAbsolute(pattern)
    ? [sep, pattern.split('/').filter(Boolean)]
    : [dirname(fromFile), pattern.split('/').filter((part) => part !== '' && part !== '.')]

  let found = [root]
  for (const part of parts) {
    const next = found.map(async (folder) => (isPattern(part) ? matching(folder, part) : [join(folder, part)]))
    found = (await Promise.all(next)).flat()
  }
  return found.toSorted()
}

export const isPattern = (text: string): boolean => /[*?]/.test(text)

async function matching(folder: string, pattern: string): Promise<string[]> {
  const expression = new RegExp(`^${[...pattern].map(toExpression).join('')}$`)
  const names = await readdir(folder).catch(noSuchFolder)
  return names
    .filter((name) => expression.test(name) && (pattern.startsWith('.') || !name.startsWith('.')))
    .map((name) => join(folder, name))
}

const toExpression = (letter: string): string =>
  letter === '*' ? '[^/]*' : letter === '?' ? '[^/]' : letter.replace(/[\\^$.|+()[\]{}]/, '\\$&')

/** A folder that is not there, or no folder, holds no match: the caller says that nothing matched. */
function noSuchFolder(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
  throw error
}
