import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { inject } from 'vitest'
import { SessionRecord } from './session-record.ts'

/** A session in a process of its own, which can be stopped and killed. */
export interface SessionChild extends AsyncDisposable {
  readonly record: SessionRecord
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  kill(): Promise<void>
}

const program = `
const [url, clientId, filter, source] = process.argv.slice(1)
const load = (path) => import(new URL(path, source))
const { BrokerConfig } = await load('config/bus.js')
const { startSessionLane } = await load('bus/session-lane.js')
const { createMetrics } = await load('runtime/metrics.js')
const { silentLog } = await load('runtime/log.js')
const say = (...words) => process.stdout.write(words.join(' ') + '\\n')
const give = (as) => (topic, payload) => say(as, topic, Buffer.from(payload).readUInt32BE())
startSessionLane(
  { broker: BrokerConfig.parse({ url, retry: { firstDelayMs: 10, maxDelayMs: 100 } }), clientId, filters: [filter] },
  {
    signal: new AbortController().signal, log: silentLog, metrics: createMetrics(),
    live: give('live'), late: give('late'),
    onGranted: () => say('granted'), onLost: () => say('lost'), onDrained: () => say('drained'),
  },
)
`

export function startSessionChild(url: string, clientId: string, filter: string): SessionChild {
  const source = pathToFileURL(join(dirname(inject('cliMain')), '../')).href
  const args = ['--input-type=module', '-e', program, url, clientId, filter, source]
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const record = new SessionRecord()
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const [as, topic, value] = line.split(' ')
    if (topic === undefined) record.event(as!)
    else record.call(as as 'live' | 'late', topic, Number(value))
  })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
  }
  return { record, signal: (name) => void child.kill(name), kill, [Symbol.asyncDispose]: kill }
}
