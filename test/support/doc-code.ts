import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The code blocks of a page in docs/, by language, in order. What a reader copies is what the tests run. */
export function codeBlocks(page: string, language: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!)
}
