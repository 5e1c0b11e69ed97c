import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Admission, Asker } from './admission.ts'

/** He has gone with his socket, for an answer that still waits behind another one has no end of its own. */
export function askerOf(request: FastifyRequest, reply: FastifyReply): Asker {
  const gone = new AbortController()
  const { socket } = request.raw
  const abort = (): void => gone.abort(new Error('the asker has gone'))
  if (socket.destroyed) abort()
  else {
    socket.once('close', abort)
    // He may ask much more on it.
    reply.raw.once('finish', () => socket.off('close', abort))
  }
  return { address: request.ip, signal: gone.signal }
}

/** A place that is held until the answer has left, or its asker has. */
export async function admitted(admission: Admission, asker: Asker, reply: FastifyReply): Promise<void> {
  const leave = await admission.enter(asker)
  reply.raw.once('finish', leave)
  asker.signal.addEventListener('abort', leave, { once: true })
  if (asker.signal.aborted) leave()
}
