/** pypmu (PyPI `synchrophasor`), the peer to compare with, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * Reads the frames once and then, per line of standard input, decodes for that
 * many seconds and answers with two rates: of `convert2frame` alone (CHK, raw
 * fields), and with `get_measurements`, which gives what its users read.
 */
const program = `
import collections, collections.abc, sys, time
collections.Sequence = collections.abc.Sequence
from synchrophasor.frame import ConfigFrame2, DataFrame
configuration = ConfigFrame2.convert2frame(bytes.fromhex(sys.stdin.readline()))
frames = [bytes.fromhex(part) for part in sys.stdin.readline().split()]

def parse():
    for frame in frames:
        DataFrame.convert2frame(frame, configuration)

def measure():
    for frame in frames:
        DataFrame.convert2frame(frame, configuration).get_measurements()

def rate(run, seconds):
    begin = time.process_time()
    count = 0
    while time.process_time() - begin < seconds:
        run()
        count += len(frames)
    return count / (time.process_time() - begin)

measure()
print('ready', flush=True)
for line in sys.stdin:
    print(rate(parse, float(line) / 2), rate(measure, float(line) / 2), flush=True)
`

export interface Pypmu {
  /** Frames per second of processor time, over about that time. */
  framesPerSecond(seconds: number): Promise<{ parsed: number; decoded: number }>
  end(): void
}

/** Starts it with a configuration and frames; undefined, after a note, where there is none. */
export async function startPypmu(
  configuration: Uint8Array,
  frames: readonly Uint8Array[],
  note: (line: string) => void,
): Promise<Pypmu | undefined> {
  const python = process.env.PYPMU_PYTHON ?? process.env.PHASORBUS_PYTHON ?? 'python3'
  const child = spawn(python, ['-c', program], { stdio: ['pipe', 'pipe', 'pipe'] })
  const errors: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text))
  child.stdin.on('error', () => {}) // its end is seen by its output
  const lines = linesOf(child)

  child.stdin.write(`${hex(configuration)}\n${frames.map(hex).join(' ')}\n`)
  if ((await lines.next()) !== 'ready') {
    const last = errors.join('').trim().split('\n').at(-1) || 'it could not be started'
    note(`no comparison with pypmu: ${python}: ${last}`)
    note('get it with: pip install --pre synchrophasor, and set PYPMU_PYTHON to that python')
    return undefined
  }
  return {
    async framesPerSecond(seconds) {
      child.stdin.write(`${seconds}\n`)
      const line = await lines.next()
      if (line === undefined) throw new Error(`pypmu ended: ${errors.join('')}`)
      const [parsed = Number.NaN, decoded = Number.NaN] = line.split(' ').map(Number)
      return { parsed, decoded }
    },
    end: () => child.stdin.end(),
  }
}

/** Its lines, one by one; undefined when there are no more. */
function linesOf(child: ChildProcess): { next(): Promise<string | undefined> } {
  const waiting: ((line: string | undefined) => void)[] = []
  const ready: string[] = []
  let ended = false
  const give = (line: string | undefined): void => {
    const taker = waiting.shift()
    if (taker) taker(line)
    else if (line !== undefined) ready.push(line)
  }
  const end = (): void => {
    ended = true
    for (const taker of waiting.splice(0)) taker(undefined)
  }
  child.on('error', end)
  createInterface({ input: child.stdout! }).on('line', give).on('close', end)
  return {
    next: () => {
      const line = ready.shift()
      if (line !== undefined || ended) return Promise.resolve(line)
      return new Promise((resolve) => waiting.push(resolve))
    },
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
