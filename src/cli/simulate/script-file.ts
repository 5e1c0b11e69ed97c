import { readFile } from 'node:fs/promises'
import { invalid } from '../../config/problem.ts'
import { checkDocument } from '../../config/schema-problems.ts'
import { parseYaml } from '../../config/yaml-document.ts'
import { explainReason, isSystemError } from '../../runtime/system-errors.ts'
import { type SimulatorEvent, SimulatorScript } from '../../simulator/index.ts'
import { usageError } from '../cli-error.ts'

/** Reads a YAML list of events. Throws with every problem in it, by line. */
export async function readScript(file: string): Promise<readonly SimulatorEvent[]> {
  const { documents, problems } = parseYaml(await read(file), file)
  const [document] = documents
  if (problems.length > 0) throw invalid(problems)
  if (!document || document.value === null) return []
  const checked = checkDocument(SimulatorScript, document)
  if (!checked.value) throw invalid(checked.problems)
  return checked.value
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (!isSystemError(error)) throw error
    // EISDIR comes from reading, which does not know the path any more.
    throw usageError(explainReason(error.code, file).message)
  }
}
