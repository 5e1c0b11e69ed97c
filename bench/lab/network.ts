/**
 * A network on this machine: hosts are network namespaces, joined by veth pairs
 * to a bridge in a namespace of its own. The root namespace is not touched.
 * Linux, as root, with iproute2 and nftables.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shell, shellSync } from './command.ts'
import { type HostProcess, type StartOptions, startInNamespace } from './host-process.ts'
import { isAlive, labName, ownerOf } from './owner.ts'
import { type LossBetween, packetRules, pairOf } from './packet-rules.ts'

export interface Host {
  readonly name: string
  /** IPv4; the same in every lab, which never meet. */
  readonly address: string
  /** Gone with the network. */
  readonly folder: string
  start(name: string, command: string, args: readonly string[], options?: StartOptions): HostProcess
}

export interface Network extends AsyncDisposable {
  host(name: string): Host
  /** Nothing passes between any of the ones and any of the others, either way. */
  cut(ones: readonly string[], others: readonly string[]): Promise<void>
  heal(ones: readonly string[], others: readonly string[]): Promise<void>
  /** Drops so many of 100 IP packets between the two, each way; 0 ends it. */
  lose(percent: number, a: string, b: string): Promise<void>
  /** What reaches the host passes a token bucket of so many bits per second; undefined ends it. */
  limit(host: string, bitsPerS: number | undefined): Promise<void>
}

const netnsFolder = '/var/run/netns'
const etcFolder = '/etc/netns'
const bridge = 'br0'
let labs = 0

export async function openNetwork(names: readonly string[]): Promise<Network> {
  await removeStale()
  const lab = labName(++labs)
  const folder = join(tmpdir(), lab)
  const fabric = `${lab}-fabric`
  const namespaceOf = (name: string): string => `${lab}-${name}`
  const number = (name: string): number => {
    const at = names.indexOf(name)
    if (at < 0) throw new Error(`the lab has no host ${name}; it has ${names.join(', ')}`)
    return at + 1
  }
  const addressOf = (name: string): string => `10.77.0.${number(name)}`
  const portOf = (name: string): string => `port${number(name)}`
  const processes = new Set<HostProcess>()

  // The last chance: a bench that throws, or is ended by a signal it handles.
  const clear = (): void => removeSync([lab])
  process.once('exit', clear)

  const hosts = new Map<string, Host>()
  try {
    const table = ['127.0.0.1 localhost', ...names.map((name) => `${addressOf(name)} ${name}`), ''].join('\n')
    for (const name of names) {
      mkdirSync(join(etcFolder, namespaceOf(name)), { recursive: true })
      writeFileSync(join(etcFolder, namespaceOf(name), 'hosts'), table)
      mkdirSync(join(folder, name), { recursive: true })
      const host: Host = {
        name,
        address: addressOf(name),
        folder: join(folder, name),
        start(program, command, args, options) {
          const started = startInNamespace(namespaceOf(name), `${program} on ${name}`, command, args, options)
          processes.add(started)
          return started
        },
      }
      hosts.set(name, host)
    }
    await shell([
      `ip netns add ${fabric}`,
      `ip -n ${fabric} link add ${bridge} type bridge`,
      `ip -n ${fabric} link set ${bridge} up`,
      ...names.flatMap((name) => wire(namespaceOf(name), addressOf(name), fabric, portOf(name))),
    ])
  } catch (error) {
    clear()
    throw error
  }

  const cuts = new Set<string>()
  const losses = new Map<string, LossBetween>()
  const apply = async (): Promise<void> => {
    const rules = packetRules(cuts, losses.values(), portOf)
    await shell([`ip netns exec ${fabric} nft -f - <<'RULES'`, `${rules}RULES`])
  }
  const pairs = (ones: readonly string[], others: readonly string[]): string[] =>
    ones.flatMap((one) => others.map((other) => pairOf(one, other)))

  return {
    host(name) {
      const host = hosts.get(name)
      if (!host) throw new Error(`the lab has no host ${name}; it has ${names.join(', ')}`)
      return host
    },
    async cut(ones, others) {
      for (const pair of pairs(ones, others)) cuts.add(pair)
      await apply()
    },
    async heal(ones, others) {
      for (const pair of pairs(ones, others)) cuts.delete(pair)
      await apply()
    },
    async lose(percent, a, b) {
      losses.set(pairOf(a, b), { from: a, to: b, percent })
      await apply()
    },
    async limit(host, bitsPerS) {
      const at = `dev ${portOf(host)} root`
      if (bitsPerS === undefined) await shell([`tc -n ${fabric} qdisc del ${at}`])
      else await shell([`tc -n ${fabric} qdisc replace ${at} tbf rate ${bitsPerS}bit burst 32kb latency 400ms`])
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...processes].map((started) => started.kill()))
      process.off('exit', clear)
      clear()
    },
  }
}

const wire = (namespace: string, address: string, fabric: string, port: string): string[] => [
  `ip netns add ${namespace}`,
  `ip -n ${fabric} link add ${port} type veth peer name eth0 netns ${namespace}`,
  `ip -n ${fabric} link set ${port} master ${bridge} up`,
  `ip -n ${namespace} link set lo up`,
  `ip -n ${namespace} link set eth0 up`,
  `ip -n ${namespace} addr add ${address}/24 dev eth0`,
]

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return [] // nobody has made it yet
  }
}

/** What runs whose process did not live to clear up have left. */
async function removeStale(): Promise<void> {
  const all = [netnsFolder, etcFolder, tmpdir()].flatMap(namesIn)
  const dead = all.filter((name) => {
    const owner = ownerOf(name)
    return owner !== undefined && !isAlive(owner)
  })
  removeSync([...new Set(dead.map((name) => /^phasorbus-lab-\d+-\d+-\d+/.exec(name)![0]))])
}

/** Ends every process in these labs, then removes their namespaces and folders. */
function removeSync(labsToRemove: readonly string[]): void {
  for (const lab of labsToRemove) {
    const isOfLab = (name: string): boolean => name.startsWith(`${lab}-`)
    const namespaces = namesIn(netnsFolder).filter(isOfLab)
    for (const namespace of namespaces) {
      for (const pid of shellSync([`ip netns pids ${namespace}`])
        .split('\n')
        .filter(Boolean))
        killOne(Number(pid))
      shellSync([`ip netns del ${namespace}`])
    }
    for (const name of namesIn(etcFolder).filter(isOfLab)) rmSync(join(etcFolder, name), { recursive: true })
    rmSync(join(tmpdir(), lab), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error // it ended by itself
  }
}
