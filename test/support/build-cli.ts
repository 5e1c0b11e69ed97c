import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The built main.js of this run. */
    cliMain: string
  }
}

const root = join(import.meta.dirname, '../..')

/**
 * Builds the command line and the dashboard once per test run, into a folder of that run: below
 * node_modules, so that it finds its dependencies. Types are `npm run check`'s
 * business: a half-written file elsewhere must not keep these tests from running.
 */
export default function setup(project: TestProject): () => void {
  const folder = join(root, 'node_modules/.cache/phasorbus', String(process.pid))
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', folder], { cwd: root, stdio: 'pipe' })
    const vite = join(root, 'node_modules/vite/bin/vite.js')
    const build = [vite, 'build', 'dashboard', '--outDir', join(folder, 'public'), '--logLevel', 'warn']
    execFileSync(process.execPath, build, { cwd: root, stdio: 'pipe' })
  } catch (error) {
    if (!existsSync(join(folder, 'src/cli/main.js'))) throw error
  }
  project.provide('cliMain', join(folder, 'src/cli/main.js'))
  return () => rmSync(folder, { recursive: true, force: true })
}
