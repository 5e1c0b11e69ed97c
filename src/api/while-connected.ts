import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Admission, Asker } from './admission.ts'

const BUFFERED_BYTES = 1 << 18
/** An answer that is ready leaves within so long: it may wait behind one that has no end. */
const TAKEN_WITHIN_MS = 60_000

export interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** He has gone with his socket, for an answer that still waits behind another one has no end of its own. */
function askerOf(request: FastifyRequest, reply: FastifyReply): Asker {
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

/**
 * Does what is asked in a place that is held until it is done, and its answer has left or its asker has: whoever hangs
 * up and asks again does not have it done twice at once. Whoever does not take his answer in time loses his connection.
 * The signal aborts when its asker has gone.
 */
export async function admitted<T>(
  admission: Admission,
  { request, reply }: Exchange,
  work: (signal: AbortSignal) => T | Promise<T>,
  takenWithinMs = TAKEN_WITHIN_MS,
): Promise<T> {
  const asker = askerOf(request, reply)
  const leave = await admission.enter(asker)
  try {
    return await work(asker.signal)
  } finally {
    if (asker.signal.aborted) leave()
    else {
      const late = setTimeout(() => request.raw.socket.destroy(), takenWithinMs).unref()
      const end = (): void => {
        clearTimeout(late)
        leave()
      }
      reply.raw.once('finish', end)
      asker.signal.addEventListener('abort', end, { once: true })
    }
  }
}

/** Sends what is made as it is read, in a place that is held until nothing of it is made any more. */
export async function sendAdmitted(
  admission: Admission,
  { request, reply }: Exchange,
  type: string,
  parts: AsyncIterable<string | Uint8Array>,
): Promise<FastifyReply> {
  const asker = askerOf(request, reply)
  const leave = await admission.enter(asker)
  let isBegun = false
  const held = async function* () {
    isBegun = true
    try {
      yield* parts
    } finally {
      leave()
    }
  }
  const body = Readable.from(held(), { objectMode: false, highWaterMark: BUFFERED_BYTES, signal: asker.signal })
  // What is never begun has no end.
  body.once('close', () => {
    if (!isBegun) leave()
  })
  return reply.type(type).send(body)
}
