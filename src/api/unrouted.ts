/** Answers to what reaches no route: unknown paths, malformed addresses, and what is no HTTP. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerOf } from './failures.ts'

/** Below /api/ as the API answers; elsewhere people look, with a browser. */
export function answerUnknownPath({ method, url }: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.code(404)
  if (!url.startsWith('/api/')) return reply.type('text/plain; charset=utf-8').send('nothing is here\n')
  const message = `nothing answers ${method} here: /api/v1/openapi.json lists what is answered, all of it GET`
  return reply.send({ error: 'API_UNKNOWN_PATH', message })
}

/** A path that cannot be decoded, for one. */
export function answerMalformed(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
  const { status, body } = answerOf(error)
  void reply.code(status).send(body)
}

const failures: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come to its end in time'],
  HPE_HEADER_OVERFLOW: [431, 'the headers are too large'],
}

/** Of a connection on which no request can be read; it ends. */
export function answerNoHttp(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const [status, message] = failures[error.code ?? ''] ?? [400, 'this is no HTTP request']
  const body = JSON.stringify({ error: 'API_BAD_REQUEST', message })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  // Whoever does not read it has the connection ended all the same.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
