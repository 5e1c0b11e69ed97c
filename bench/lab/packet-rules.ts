/** What becomes of packets on their way between two hosts: the rules of the fabric's bridge, whole. */

export interface LossBetween {
  readonly from: string
  readonly to: string
  /** Of 100 packets so many are dropped, each way. */
  readonly percent: number
}

/** A pair of hosts in either order. */
export const pairOf = (a: string, b: string): string => [a, b].toSorted().join(' ')

/**
 * A table that replaces the one before it in a single transaction. `port` names
 * a host's interface at the bridge. A cut takes everything, ARP too; loss takes
 * IP packets only. Both act in the bridge's forward hook: a drop in a sender's
 * own OUTPUT hook would be a local error to its TCP.
 */
export function packetRules(
  cuts: Iterable<string>,
  losses: Iterable<LossBetween>,
  port: (host: string) => string,
): string {
  const both = (a: string, b: string, what: string): string[] => [
    `iifname "${port(a)}" oifname "${port(b)}" ${what}`,
    `iifname "${port(b)}" oifname "${port(a)}" ${what}`,
  ]
  const rules = [
    ...[...cuts].flatMap((pair) => {
      const [a = '', b = ''] = pair.split(' ')
      return both(a, b, 'drop')
    }),
    ...[...losses]
      .filter(({ percent }) => percent > 0)
      .flatMap(({ from, to, percent }) => both(from, to, `ether type ip numgen random mod 100 < ${percent} drop`)),
  ]
  return [
    'table bridge lab',
    'delete table bridge lab',
    'table bridge lab {',
    'chain forward {',
    'type filter hook forward priority 0; policy accept;',
    ...rules,
    '}',
    '}',
    '',
  ].join('\n')
}
