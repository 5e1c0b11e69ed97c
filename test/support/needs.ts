import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Whether what a test needs from outside is here. `title` says by name what is skipped, and how to get it. */
export interface Need {
  readonly skip: boolean
  title(text: string): string
}

interface Recipe {
  /** Throws, or exits with another code than 0, when it is not here. */
  readonly probe: () => void
  readonly get: string
}

const python = process.env.PHASORBUS_PYTHON ?? 'python3'

const run = (program: string, ...args: string[]): void =>
  void execFileSync(program, args, { stdio: 'ignore', timeout: 20_000 })

const recipes: Readonly<Record<string, Recipe>> = {
  tshark: { probe: () => run('tshark', '--version'), get: 'apt-get install tshark' },
  tcpdump: { probe: () => run('tcpdump', '--version'), get: 'apt-get install tcpdump' },
  mosquitto: { probe: () => run('sh', '-c', 'command -v mosquitto'), get: 'apt-get install mosquitto' },
  mosquitto_sub: { probe: () => run('sh', '-c', 'command -v mosquitto_sub'), get: 'apt-get install mosquitto-clients' },
  'rabbitmq-server': {
    probe: () => run('sh', '-c', 'command -v rabbitmq-server'),
    get: 'apt-get install rabbitmq-server',
  },
  'nats-server': { probe: () => run('sh', '-c', 'command -v nats-server'), get: 'apt-get install nats-server' },
  netns: {
    probe: () =>
      run(
        'sh',
        '-ec',
        'trap "ip netns del $0" EXIT; ip netns add $0; ip -n $0 link add br0 type bridge; ip -n $0 link add veth0 type veth peer name veth1; ip netns exec $0 nft list tables',
        `phasorbus-probe-${process.pid}`,
      ),
    get: 'Linux, as root, apt-get install iproute2 nftables',
  },
  'python:synchrophasor': {
    probe: () => run(python, '-c', 'import synchrophasor'),
    get: 'pip install --pre synchrophasor, and PHASORBUS_PYTHON=that python',
  },
  'python:pyarrow': {
    probe: () => run(python, '-c', 'import pyarrow.parquet'),
    get: 'pip install pyarrow, and PHASORBUS_PYTHON=that python',
  },
  'python:comtrade': {
    probe: () => run(python, '-c', 'import comtrade'),
    get: 'pip install comtrade, and PHASORBUS_PYTHON=that python',
  },
  'python:paho.mqtt': {
    probe: () => run(python, '-c', 'import paho.mqtt.client'),
    get: 'pip install paho-mqtt, and PHASORBUS_PYTHON=that python',
  },
}

const known = new Map<string, Need>()

/**
 * Looks for an outside program, once per process. Where it is missing the test
 * is skipped by name; in CI (CI is set) nothing may be missing, so it throws.
 *
 * `describe.skipIf(needs('tshark').skip)(needs('tshark').title('agrees with tshark'), ...)`
 */
export function needs(program: string): Need {
  const found = known.get(program) ?? look(program, recipes[program] ?? commandRecipe(program))
  known.set(program, found)
  return found
}

/** The same for a file or folder that lies outside of the package. */
export function needsPath(path: string, get: string): Need {
  return look(path, {
    probe: () => {
      if (!existsSync(path)) throw new Error(`${path} does not exist`)
    },
    get,
  })
}

/** A command that only root may run. */
export function needsRoot(program: string): Need {
  const probe = (): void => {
    if (process.getuid?.() !== 0) throw new Error('this is not root')
    run('sh', '-c', 'command -v "$0"', program)
  }
  return look(`root and ${program}`, { probe, get: 'Linux, as root' })
}

function commandRecipe(program: string): Recipe {
  return { probe: () => run('sh', '-c', `command -v "$0"`, program), get: `install ${program}` }
}

function look(name: string, { probe, get }: Recipe): Need {
  try {
    probe()
    return { skip: false, title: (text) => text }
  } catch (error) {
    if (process.env.CI) throw new Error(`${name} is missing, and CI may not skip: ${get}`, { cause: error })
    return { skip: true, title: (text) => `${text} [needs ${name}: ${get}]` }
  }
}
