import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Data flows down this list; a folder may import only what is listed here. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  config: ['runtime'],
  c37118: ['runtime'],
  streams: ['c37118', 'runtime'],
  network: ['runtime'],
  capture: ['c37118', 'runtime'],
  link: ['capture', 'c37118', 'config', 'runtime'],
  bus: ['streams', 'c37118', 'config', 'runtime'],
  journal: ['bus', 'streams', 'c37118', 'config', 'runtime'],
  recovery: ['bus', 'streams', 'c37118', 'config', 'runtime'],
  simulator: ['link', 'capture', 'network', 'streams', 'c37118', 'config', 'runtime'],
  'pmu-adapter': ['journal', 'bus', 'link', 'streams', 'c37118', 'config', 'runtime'],
  'pdc-adapter': ['recovery', 'bus', 'link', 'streams', 'c37118', 'config', 'runtime'],
  pdc: ['recovery', 'journal', 'bus', 'link', 'streams', 'c37118', 'config', 'runtime'],
  historian: ['recovery', 'bus', 'streams', 'c37118', 'config', 'runtime'],
  api: ['historian', 'streams', 'c37118', 'config', 'runtime'],
  cli: [
    'api',
    'historian',
    'pdc',
    'pdc-adapter',
    'pmu-adapter',
    'simulator',
    'recovery',
    'journal',
    'bus',
    'link',
    'capture',
    'network',
    'streams',
    'c37118',
    'config',
    'runtime',
  ],
}

/** Drawers of independent files; every other folder is entered through its index.ts. */
const drawers = ['runtime', 'config']

const root = join(import.meta.dirname, '..')
const src = join(root, 'src')
const folderOf = (path: string): string => relative(src, path).split('/')[0] ?? ''
const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('vite.config.ts'))
    .map((file) => join(folder, file))

/** Specifiers of `import … from '…'`, `export … from '…'`, `import '…'` and `import('…')`, comments apart. */
const specifiersOf = (file: string): string[] =>
  [
    ...readFileSync(file, 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .matchAll(/(?:\bfrom|\bimport\s*\(?)\s*'([^']+)'/g),
  ].map(([, to]) => to ?? '')
const relativeTargetsOf = (file: string): string[] =>
  specifiersOf(file)
    .filter((to) => to.startsWith('.'))
    .map((to) => join(dirname(file), to))

describe('the tree', () => {
  it('knows every folder', () => {
    expect(readdirSync(src).toSorted()).toEqual(Object.keys(mayImport).toSorted())
  })

  it.each(Object.keys(mayImport))('%s imports only what lies above it', (folder) => {
    const offences = filesOf(join(src, folder)).flatMap((file) =>
      relativeTargetsOf(file)
        .map((to) => folderOf(to))
        .filter((to) => to !== folder && !mayImport[folder]?.includes(to) && !(folder === 'cli' && to === '..'))
        .map((to) => `${relative(root, file)} imports ${to}`),
    )
    expect(offences).toEqual([])
  })

  it.each(Object.keys(mayImport))('%s enters other folders by their door', (folder) => {
    const offences = filesOf(join(src, folder)).flatMap((file) =>
      relativeTargetsOf(file)
        .filter((to) => folderOf(to) !== folder && folderOf(to) !== '..' && !drawers.includes(folderOf(to)))
        .filter((to) => relative(src, to) !== `${folderOf(to)}/index.ts`)
        .map((to) => `${relative(root, file)} imports ${relative(src, to)}`),
    )
    expect(offences).toEqual([])
  })

  it('has a door to every folder but the drawers', () => {
    const closed = Object.keys(mayImport).filter(
      (folder) => folder !== 'cli' && !drawers.includes(folder) && !existsSync(join(src, folder, 'index.ts')),
    )
    expect(closed).toEqual([])
  })

  it('keeps c37118 and streams pure: no Node API, no package', () => {
    const pure = [...filesOf(join(src, 'c37118')), ...filesOf(join(src, 'streams')), ...filesOf(join(src, 'network'))]
    const offences = pure.flatMap((file) =>
      specifiersOf(file)
        .filter((to) => !to.startsWith('.'))
        .map((to) => `${relative(root, file)} imports ${to}`),
    )
    expect(offences).toEqual([])
    expect(pure.length).toBeGreaterThan(0)
  })

  it('lets the dashboard have what runs in a browser, and nothing else of src', () => {
    const allowed = [
      'api/answers.ts',
      'c37118/index.ts',
      'streams/index.ts',
      'historian/channels.ts',
      'historian/event-kinds.ts',
      'historian/frame-table.ts',
    ]
    const dashboard = join(root, 'dashboard')
    const offences = filesOf(dashboard).flatMap((file) =>
      relativeTargetsOf(file)
        .filter((to) => relative(dashboard, to).startsWith('..') && !allowed.includes(relative(src, to)))
        .map((to) => `${relative(root, file)} imports ${relative(root, to)}`),
    )
    expect(offences).toEqual([])
    expect(filesOf(dashboard).length).toBeGreaterThan(10)
  })

  it('keeps the judge apart: it imports only itself and Node', () => {
    const judge = join(root, 'judge')
    const offences = filesOf(judge).flatMap((file) =>
      specifiersOf(file)
        .filter((to) => !to.startsWith('node:') && relative(judge, join(dirname(file), to)).startsWith('..'))
        .map((to) => `${relative(root, file)} imports ${to}`),
    )
    expect(offences).toEqual([])
  })
})
