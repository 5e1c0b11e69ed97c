import { networks } from '../runtime/networks.ts'

/** Addresses and networks that may connect; an empty list lets everyone in. */
export class AllowList {
  readonly #includes: ((address: string) => boolean) | undefined

  /** Entries are IP addresses or networks in CIDR form, checked by the schema. */
  constructor(entries: readonly string[]) {
    if (entries.length > 0) this.#includes = networks(entries)
  }

  /** `address` as a socket shows it, IPv4-mapped ones made plain. */
  admits(address: string): boolean {
    return this.#includes?.(address) ?? true
  }
}

/** How many come from where. */
export class AddressCounts {
  readonly #counts = new Map<string, number>()

  of(address: string): number {
    return this.#counts.get(address) ?? 0
  }

  add(address: string): void {
    this.#counts.set(address, this.of(address) + 1)
  }

  remove(address: string): void {
    const left = this.of(address) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }
}
