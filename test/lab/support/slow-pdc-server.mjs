// A server with one stream, live at 50 frames/s, and late frames without end as live-first lets them go.
// Arguments: folder of the compiled sources, port, late or not.
import { pathToFileURL } from 'node:url'

const [src, port, mode] = process.argv.slice(2)
const load = (path) => import(new URL(path, pathToFileURL(`${src}/`)))
const { ServerConfig, startServer } = await load('link/index.js')
const { LiveFirstLane } = await load('pdc-adapter/live-first.js')
const { stampFrame } = await load('c37118/index.js')
const { createMetrics } = await load('runtime/metrics.js')
const { silentLog } = await load('runtime/log.js')

const IDCODE = Buffer.from(process.env.CONFIGURATION, 'hex').readUInt16BE(4)
const server = startServer(ServerConfig.parse({ listen: [`tcp://0.0.0.0:${port}`] }), {
  signal: new AbortController().signal,
  log: silentLog,
  metrics: createMetrics(),
})
await server.listening
const output = server.stream(IDCODE)
output.configuration([Buffer.from(process.env.CONFIGURATION, 'hex')])

/** Of now, in microseconds; late ones of 1970. */
const frameOf = (us) => {
  const frame = Uint8Array.from(Buffer.from(process.env.FRAME, 'hex'))
  stampFrame(frame, { soc: Math.floor(us / 1e6), fraction: us % 1e6, idcode: IDCODE })
  return frame
}
let late = 0
const room = () => {
  while (mode === 'late' && lane.lateRoom() > 0) lane.late(frameOf(late++))
}
const lane = new LiveFirstLane(
  {
    output,
    rate: 50,
    room,
    delivered() {},
    release() {},
    pendingBefore: () => false,
  },
  25,
)
const startMs = Date.now()
let live = 0
setInterval(() => {
  for (; startMs + live * 20 <= Date.now(); live++) lane.live(frameOf(Date.now() * 1000), 0, performance.now())
}, 5)
// As a consumer asks that lacks something.
setInterval(room, 100)
process.stdout.write('ready\n')
