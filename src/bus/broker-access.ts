/** Who may do what at the embedded broker: by user, or by the way a connection came. */
import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Client } from 'aedes'
import { AddressBudget } from '../runtime/address-budget.ts'
import type { Access, CheckUser } from './broker-users.ts'

/** By the password of CONNECT. */
export type MayRead = (password: Uint8Array | undefined) => boolean

/** Topic filters of one client that may only read; a dashboard has a few. */
const READER_FILTERS = 256
/** What such clients of one address may subscribe to in a second, and at once: each time it is told what is retained. */
const GRANTED = { perSecond: 16, atOnce: 2 * READER_FILTERS }
/** The same of what it is refused. */
const REFUSED = { perSecond: 1000, atOnce: 65_536 }

export class BrokerAccess {
  readonly #checkUser: CheckUser
  readonly #maxFilters: number
  readonly #guests = new WeakMap<Duplex, MayRead>()
  readonly #readers = new WeakSet<Client>()
  readonly #users = new WeakMap<Client, string | undefined>()
  readonly #byId = new Map<string, Client>()
  readonly #filters = new WeakMap<Client, Set<string>>()
  readonly #addresses = new WeakMap<Duplex, string>()
  // Not of a client: it would have another as soon as it connects anew.
  readonly #granted = new AddressBudget(GRANTED.perSecond, GRANTED.atOnce)
  readonly #refused = new AddressBudget(REFUSED.perSecond, REFUSED.atOnce)

  constructor(checkUser: CheckUser, maxFilters: number) {
    this.#checkUser = checkUser
    this.#maxFilters = maxFilters
  }

  /** Where a connection comes from. */
  addAddress(connection: Duplex, address: string): void {
    this.#addresses.set(connection, address)
  }

  /** Whoever connects by this may read, with this password. */
  addGuest(connection: Duplex, mayRead: MayRead): void {
    this.#guests.set(connection, mayRead)
  }

  /** The client id: a guest's own would let him take the place of whomever he names. */
  clientIdOf(connection: Duplex, asked: string): string {
    return this.#guests.has(connection) ? `reader-${randomUUID()}` : asked
  }

  /** What a client may; false if it may not connect, for its password, or for its id is another user's. */
  admit(client: Client, username: string | undefined, password: Uint8Array | undefined): Access | false {
    const guest = this.#guests.get(client.conn)
    const access = guest ? guest(password) && 'read' : this.#checkUser(username, password)
    const holder = this.#byId.get(client.id)
    if (!access || (holder && !holder.closed && this.#users.get(holder) !== username)) return false
    if (access === 'read') this.#readers.add(client)
    this.#users.set(client, username)
    this.#byId.set(client.id, client)
    client.conn.once('close', () => {
      if (this.#byId.get(client.id) === client) this.#byId.delete(client.id)
    })
    return access
  }

  mayPublish(client: Client): boolean {
    return !this.#readers.has(client)
  }

  /** Whether its address subscribes more often than those who may only read have reason to. */
  isFlood(client: Client, isGranted: boolean): boolean {
    if (!this.#readers.has(client)) return false
    return !(isGranted ? this.#granted : this.#refused).take(this.#addresses.get(client.conn) ?? '')
  }

  maySubscribe(client: Client, filter: string): boolean {
    const filters = this.#filters.get(client) ?? new Set()
    this.#filters.set(client, filters)
    const most = this.#readers.has(client) ? READER_FILTERS : this.#maxFilters
    if (filters.size >= most && !filters.has(filter)) return false
    filters.add(filter)
    return true
  }

  unsubscribed(client: Client, filters: readonly string[]): void {
    for (const filter of filters) this.#filters.get(client)?.delete(filter)
  }
}
