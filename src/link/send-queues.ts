/**
 * Bytes of each TCP connection that its peer has not acknowledged. Node does
 * not tell; Linux does, in /proc/net/tcp and /proc/net/tcp6.
 */
import { readFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { monotonicMs } from '../runtime/clock.ts'
import { errnoOf } from '../runtime/errno.ts'

export interface WatchedConnection {
  /** As {@link connectionKey} gives it. */
  readonly key: string
  /** Bytes given to the system so far. */
  readonly written: number
  /** Whether it still wants to be told. */
  readonly isWatching: boolean
  unacknowledged(bytes: number, atMs: number, written: number): void
}

const SAMPLE_MS = 20
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']

/** Looks every 20 ms as long as one connection wants to be told; on its own thread, for the system may have many. */
export class SendQueues {
  readonly #watched = new Set<WatchedConnection>()
  #isLooking = false
  #isThere = process.platform === 'linux'

  /** Whether this system tells. */
  get isThere(): boolean {
    return this.#isThere
  }

  watch(connection: WatchedConnection): void {
    this.#watched.add(connection)
    if (!this.#isLooking && this.#isThere) void this.#look()
  }

  forget(connection: WatchedConnection): void {
    this.#watched.delete(connection)
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    while (this.#watched.size > 0) {
      const atMs = monotonicMs()
      const before = [...this.#watched].map((connection) => ({ connection, written: connection.written }))
      const queues = await readQueues()
      if (!queues) {
        this.#isThere = false
        break
      }
      for (const { connection, written } of before) {
        const bytes = queues.get(connection.key)
        if (bytes !== undefined) connection.unacknowledged(bytes, atMs, written)
        if (!connection.isWatching) this.#watched.delete(connection)
      }
      // A machine whose table takes long to read is not kept busy by it.
      const pauseMs = Math.max(SAMPLE_MS - (monotonicMs() - atMs), 2 * (monotonicMs() - atMs), 1)
      await new Promise<void>((resolve) => setTimeout(resolve, pauseMs).unref())
    }
    this.#isLooking = false
  }
}

/** Undefined where the system has no such table. */
async function readQueues(): Promise<Map<string, number> | undefined> {
  const tables = await Promise.all(TABLES.map(readTable))
  if (tables.every((table) => table === undefined)) return undefined
  const queues = new Map<string, number>()
  for (const table of tables) for (const [key, bytes] of parseQueues(table ?? '')) queues.set(key, bytes)
  return queues
}

/** Undefined where it cannot be had at all; what fails for once (no descriptor left) is one look without an answer. */
async function readTable(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    return ['ENOENT', 'EACCES'].includes(errnoOf(error)) ? undefined : ''
  }
}

/*
  line => sl: local_address:port rem_address:port st tx_queue:rx_queue …
    all hexadecimal; an address in words of 32 bits, each in the order of the machine
*/
function* parseQueues(table: string): Generator<readonly [string, number]> {
  for (const [, localPort, remote, queue] of table.matchAll(
    /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+:[0-9A-F]{4}) 0[1-9A-F] ([0-9A-F]{8}):/gm,
  )) {
    yield [`${localPort} ${remote}`, Number.parseInt(queue!, 16)]
  }
}

/** How a connection of ours is told from the others. */
export function connectionKey(localPort = 0, remoteAddress = '', remotePort = 0): string {
  return `${portHex(localPort)} ${addressHex(remoteAddress)}:${portHex(remotePort)}`
}

const portHex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')

function addressHex(address: string): string {
  const bytes = isIPv4(address) ? address.split('.').map(Number) : ipv6Bytes(address)
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.slice(4 * i, 4 * i + 4).reverse())
  return Buffer.from(words.flat()).toString('hex').toUpperCase()
}

function ipv6Bytes(address: string): number[] {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped) return [...new Array(10).fill(0), 255, 255, ...mapped.split('.').map(Number)]
  const [head = [], tail = []] = address
    .replace(/%.*/, '')
    .split('::')
    .map((part) => part.split(':').filter(Boolean))
  const groups = [...head, ...new Array(8 - head.length - tail.length).fill('0'), ...tail]
  return groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
}
