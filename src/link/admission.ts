import { BlockList, isIPv6 } from 'node:net'

/** Addresses and networks that may connect; an empty list lets everyone in. */
export class AllowList {
  readonly #list: BlockList | undefined

  /** Entries are IP addresses or networks in CIDR form, checked by the schema. */
  constructor(networks: readonly string[]) {
    if (networks.length === 0) return
    const list = new BlockList()
    for (const network of networks) {
      const [address = '', prefix] = network.split('/')
      const family = isIPv6(address) ? 'ipv6' : 'ipv4'
      if (prefix === undefined) list.addAddress(address, family)
      else list.addSubnet(address, Number(prefix), family)
    }
    this.#list = list
  }

  /** `address` as a socket shows it, IPv4-mapped ones made plain. */
  admits(address: string): boolean {
    return this.#list?.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') ?? true
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
