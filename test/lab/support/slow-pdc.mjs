// A PDC that says of each live frame how old it is, and of late frames how many there are.
// Arguments: host, port.
import { connect } from 'node:net'

const [host, port] = process.argv.slice(2)
const socket = connect({ host, port: Number(port) }, () => {
  for (const command of JSON.parse(process.env.COMMANDS)) socket.write(Buffer.from(command, 'hex'))
})
let pending = Buffer.alloc(0)
let late = 0
socket.on('data', (chunk) => {
  pending = Buffer.concat([pending, chunk])
  while (pending.length >= 4 && pending.length >= pending.readUInt16BE(2)) {
    const frame = pending.subarray(0, pending.readUInt16BE(2))
    pending = pending.subarray(frame.length)
    if (frame[1] >> 4 !== 0) continue
    const ms = frame.readUInt32BE(6) * 1000 + (frame.readUInt32BE(10) & 0xffffff) / 1000
    if (ms < 1e12) late++
    else process.stdout.write(`age ${(Date.now() - ms).toFixed(1)} late ${late}\n`)
  }
})
