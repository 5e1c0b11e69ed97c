/** What was found so far, one file for each fault: a report is made over days, and goes on where it stopped. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault, RunResult } from './fault.ts'

export interface FaultResults {
  readonly fault: string
  /** By the name of the case. */
  readonly cases: Record<string, RunResult[]>
}

export class Results {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
  }

  of({ name }: Fault): FaultResults {
    const path = this.#path(name)
    if (!existsSync(path)) return { fault: name, cases: {} }
    return JSON.parse(readFileSync(path, 'utf8')) as FaultResults
  }

  /** Kept at once. */
  add(fault: Fault, caseName: string, result: RunResult): void {
    const results = this.of(fault)
    results.cases[caseName] = [...(results.cases[caseName] ?? []), result]
    const path = this.#path(fault.name)
    writeFileSync(`${path}.new`, serialized(results))
    renameSync(`${path}.new`, path)
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`)
  }
}

/** One run a line. */
function serialized({ fault, cases }: FaultResults): string {
  const lines = Object.entries(cases).map(
    ([name, runs]) => `${JSON.stringify(name)}: [\n${runs.map((run) => JSON.stringify(run)).join(',\n')}\n]`,
  )
  return `{"fault": ${JSON.stringify(fault)}, "cases": {\n${lines.join(',\n')}\n}}\n`
}
