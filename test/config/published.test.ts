import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { gridJsonSchema } from '../../src/config/json-schema.ts'
import { type KeyEntry, keyReference } from '../../src/config/key-reference.ts'
import { inspectGrid } from '../../src/config/load-grid.ts'
import { formatProblem } from '../../src/config/problem.ts'

const root = join(import.meta.dirname, '../..')

// What `npx vitest run test/config -u` writes anew.
describe('what is published of the schema is current', () => {
  it('docs/grid.schema.json', async () => {
    const text = `${JSON.stringify(gridJsonSchema(), undefined, 2)}\n`
    await expect(text).toMatchFileSnapshot(join(root, 'docs/grid.schema.json'))
  })

  it('docs/configuration-keys.md', async () => {
    await expect(keysPage(keyReference())).toMatchFileSnapshot(join(root, 'docs/configuration-keys.md'))
  })
})

describe('the schema', () => {
  it('describes every key', () => {
    const silent = keyReference().filter(({ description }) => description === '')
    expect(silent.map(({ path }) => path)).toEqual([])
  })
})

describe('the examples', () => {
  const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.yaml'))

  it.each(examples)('%s is good', async (name) => {
    const { problems } = await inspectGrid(join(root, 'examples', name))
    expect(problems.map(formatProblem)).toEqual([])
  })

  it.each(examples)('%s names the schema for editors', async (name) => {
    const text = await readFile(join(root, 'examples', name), 'utf8')
    const [, schema] = /^# yaml-language-server: \$schema=(.*)$/m.exec(text) ?? []
    expect(existsSync(join(root, 'examples', schema ?? ''))).toBe(true)
  })

  it('in docs/configuration.md are good', async () => {
    const page = await readFile(join(root, 'docs/configuration.md'), 'utf8')
    const whole = [...page.matchAll(/```yaml\n(area:[\s\S]*?)```/g)].map(([, text]) => text ?? '')
    expect(whole.length).toBeGreaterThan(0)
    const folder = await mkdtemp(join(tmpdir(), 'phasorbus-docs-'))
    await writeFile(join(folder, 'site-broker.password'), 'secret')
    for (const text of whole) {
      const { problems } = await inspectGrid(join(folder, 'grid.yaml'), { text })
      expect(problems.map(formatProblem)).toEqual([])
    }
    await rm(folder, { recursive: true })
  })
})

function keysPage(keys: readonly KeyEntry[]): string {
  const rows = keys.map(({ path, type, preset, required, description }) => {
    const cells = [
      `\`${path}\``,
      type,
      required ? 'required' : preset === undefined ? '' : `\`${preset}\``,
      description,
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return `# Every key of grid.yaml

Made from the schema; \`phasorbus help configuration\` prints the same. [configuration.md](configuration.md) tells the story.

| key | value | default | |
|---|---|---|---|
${rows.join('\n')}
`
}
