import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6 } from 'node:net'
import { type Address, formatAddress } from '../../config/address.ts'
import type { Listener } from '../../config/check-ports.ts'
import { explainReason, isSystemError } from '../../runtime/system-errors.ts'
import { failure } from '../cli-error.ts'

/** Tries every address that will be listened at, one after the other. Throws a CliError that has all that cannot be had, by line of the file. */
export async function checkListeners(listeners: readonly Listener[]): Promise<void> {
  const said: string[] = []
  let hint: string | undefined
  for (const { protocol, address, position } of listeners) {
    try {
      await (protocol === 'TCP' ? tryTcp(address) : tryUdp(address))
    } catch (error) {
      if (!isSystemError(error)) throw error
      const explained = explainReason(error.code, formatAddress(address), true)
      const { file, line, column, path } = position
      said.push(`${file}:${line}:${column}: ${path}: ${explained.message}`)
      hint ??= explained.hint
    }
  }
  if (said.length > 0) throw failure(said.join('\n'), hint)
}

/** Rejects with the system's error where it cannot be listened at. */
export async function tryTcp({ host, port }: Address): Promise<void> {
  const server = createServer((socket) => socket.destroy()).listen({ host, port })
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

async function tryUdp({ host, port }: Address): Promise<void> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  try {
    socket.bind(port, host)
    await once(socket, 'listening')
  } finally {
    socket.close()
  }
}
