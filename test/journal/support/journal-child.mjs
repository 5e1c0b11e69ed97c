// Keeps a journal, says each frame it gave, and ends as the power of its process does.
// node journal-child.mjs BUILT_SRC FOLDER WRITE_DELAY_MS FRAMES: kills itself after so many.
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [src, folder, writeDelayMs, frames] = process.argv.slice(2)
const load = (path) => import(pathToFileURL(join(src, path)).href)
const { openJournal } = await load('journal/index.js')
const { JournalSettings } = await load('config/journal.js')
const { createMetrics } = await load('runtime/metrics.js')
const { silentLog } = await load('runtime/log.js')
const { stampFrame } = await load('c37118/index.js')

const configuration = Buffer.from(process.env.CONFIGURATION, 'hex')
const frame = Buffer.from(process.env.FRAME, 'hex')
const streams = 3
const journal = await openJournal(
  { folder, ...JournalSettings.parse({ writeDelayMs: Number(writeDelayMs), segmentBytes: 8192 }) },
  { signal: new AbortController().signal, log: silentLog, metrics: createMetrics(), fillEveryMs: 30 },
)
const writers = Array.from({ length: streams }, (_, i) => journal.stream(`area/secondary-station/1/PMU/${i + 1}`))
for (const writer of writers) writer.configuration([configuration])

let given = 0
function give() {
  for (const [i, writer] of writers.entries()) {
    frame.writeUInt32BE(given * streams + i, 16)
    stampFrame(frame, {
      soc: 1_767_225_600 + Math.floor(given / 50),
      fraction: Math.round(((given % 50) / 50) * 16_777_215),
    })
    writer.data(frame)
  }
  given++
  writeSync(1, `${given} ${performance.now()}\n`)
  if (given >= Number(frames)) {
    writeSync(1, `end ${performance.now()}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
}
setInterval(() => {
  for (let n = 0; n < 4 && given < Number(frames); n++) give()
}, 1)
