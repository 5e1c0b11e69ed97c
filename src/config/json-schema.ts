import { z } from 'zod'
import { gridFile } from './grid-file.ts'

/**
 * JSON Schema (draft-07, what YAML editors speak) of grid.yaml as users write
 * it: shorthands and left-out defaults included. Committed as
 * docs/grid.schema.json.
 */
export function gridJsonSchema(): object {
  const schema = z.toJSONSchema(gridFile, { target: 'draft-7', io: 'input', reused: 'inline' })
  return { $id: 'https://phasorbus.dev/grid.schema.json', title: 'phasorbus grid file', ...schema }
}
