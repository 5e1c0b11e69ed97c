/**
 * A TCP relay as a link of a given rate: towards the client one queue for all
 * connections, first in first out, of a bounded length; beyond it the sender is
 * told to wait, as TCP would. The other direction is free.
 *
 * `node slow-link-child.js HOST PORT BYTES_PER_S` prints the port it listens on,
 * and obeys `cut`, `open` and `rate BYTES_PER_S` on standard input.
 */
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** What may leave at once after a pause: two Ethernet frames. */
const BURST_BYTES = 3000
/** What the queue holds: 100 ms of the link. */
const QUEUE_S = 0.1

const [host, port, rate] = process.argv.slice(2)
let bytesPerMs = Number(rate) / 1000
let isOpen = true

interface Piece {
  readonly to: Socket
  readonly from: Socket
  readonly bytes: Buffer
}

const queue: Piece[] = []
let first = 0
let queued = 0
let allowed = BURST_BYTES
let atMs = performance.now()
let timer: NodeJS.Timeout | undefined
const waiting = new Set<Socket>()
const pairs = new Set<readonly [Socket, Socket]>()

function drain(): void {
  timer = undefined
  const nowMs = performance.now()
  allowed = Math.min(BURST_BYTES + bytesPerMs, allowed + (nowMs - atMs) * bytesPerMs)
  atMs = nowMs
  while (first < queue.length && allowed > 0) {
    const { to, bytes } = queue[first]!
    first++
    queued -= bytes.length
    allowed -= bytes.length
    if (!to.destroyed) to.write(bytes)
  }
  if (first === queue.length) queue.length = first = 0
  else if (first > 4096) {
    queue.splice(0, first)
    first = 0
  }
  if (queued < bytesPerMs * 1000 * QUEUE_S) {
    for (const socket of waiting) socket.resume()
    waiting.clear()
  }
  if (queue.length > first) timer = setTimeout(drain, 1)
}

const server = createServer({ noDelay: true }, (near) => {
  if (!isOpen) {
    near.destroy()
    return
  }
  const far = connect({ host: host!, port: Number(port), noDelay: true })
  const pair = [near, far] as const
  pairs.add(pair)
  near.on('data', (chunk) => far.write(chunk))
  far.on('data', (chunk) => {
    // Pieces of a packet's size: what is behind in the queue waits for no more than that.
    for (let at = 0; at < chunk.length; at += 1448)
      queue.push({ to: near, from: far, bytes: chunk.subarray(at, at + 1448) })
    queued += chunk.length
    if (queued > bytesPerMs * 1000 * QUEUE_S) {
      far.pause()
      waiting.add(far)
    }
    if (!timer) drain()
  })
  const end = (): void => {
    pairs.delete(pair)
    waiting.delete(far)
    near.destroy()
    far.destroy()
  }
  for (const socket of pair) socket.on('error', end).on('close', end)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`)
})

const orders = createInterface({ input: process.stdin })
orders.on('line', (line) => {
  const [order, value] = line.split(' ')
  if (order === 'rate') bytesPerMs = Number(value) / 1000
  if (order === 'open') isOpen = true
  if (order !== 'cut') return
  isOpen = false
  for (const pair of [...pairs]) for (const socket of pair) socket.destroy()
  queue.length = first = queued = 0
})
// The parent goes: so does the link.
orders.on('close', () => process.exit(0))
