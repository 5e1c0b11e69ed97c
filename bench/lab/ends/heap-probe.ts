/**
 * Loaded before a program (`node --import`): on SIGUSR2 collects garbage and
 * says on standard error how often it did so, and what is left, in bytes.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

let number = 0
process.on('SIGUSR2', () => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  process.stderr.write(`heap-probe ${++number} ${heapUsed + external}\n`)
})
