/**
 * A two-day export of one stream, hour by hour as `phasorbus export` asks for
 * it, over and over. `node export-child.js API STREAM FROM_US HOURS` obeys `go`
 * and `pause` on standard input, and ends with it; it says `paused FRAMES_BYTES`.
 */
import { createInterface } from 'node:readline'
import { ApiClient } from '../../src/cli/historian/api-client.ts'

const HOUR_US = 3_600_000_000
const [url, stream, from, hours] = process.argv.slice(2)
const client = new ApiClient({ url: url! })
let going: AbortController | undefined
let hour = 0
let bytes = 0

async function run(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const fromUs = Number(from) + (hour % Number(hours)) * HOUR_US
    for await (const part of await client.frames({ stream: stream!, fromUs, toUs: fromUs + HOUR_US }, signal))
      bytes += part.length
    hour++
  }
}

const orders = createInterface({ input: process.stdin })
orders.on('line', (order) => {
  if (order === 'go') {
    const stop = new AbortController()
    going = stop
    run(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error
    })
  } else {
    going?.abort()
    process.stdout.write(`paused ${bytes}\n`)
    bytes = 0
  }
})
orders.on('close', () => process.exit(0))
process.stdout.write('ready\n')
