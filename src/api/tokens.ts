import { createHash, timingSafeEqual } from 'node:crypto'

/** Who may read: bearer tokens (RFC 6750). Compared in constant time; only their hashes are kept. */
export class Tokens {
  readonly #hashes: readonly Buffer[]

  /** One token a line; `#` begins a comment. */
  constructor(text: string) {
    this.#hashes = text
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((line) => line !== '')
      .map(hash)
  }

  /** Of an Authorization header. */
  has(authorization: string | undefined): boolean {
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? []
    return token !== undefined && this.hasToken(token)
  }

  hasToken(token: string | Uint8Array): boolean {
    const given = hash(token)
    let isIn = false
    for (const known of this.#hashes) if (timingSafeEqual(known, given)) isIn = true
    return isIn
  }
}

const hash = (token: string | Uint8Array): Buffer => createHash('sha256').update(token).digest()
