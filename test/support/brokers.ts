/**
 * Brokers for tests: the installed programs, each with its own configuration,
 * data folder and free port on loopback, and each stopped by its own process.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../bench/support/free-port.ts'

export interface TestBroker extends AsyncDisposable {
  readonly url: string
  /** Where the broker keeps its files; gone after disposal. */
  readonly folder: string
  /** Of the broker itself, to stop and go on with (SIGSTOP, SIGCONT) or to kill. */
  readonly pid: number
  /** Kills the process, and starts it again on the same port with the same folder. */
  restart(): Promise<void>
}

export interface MosquittoOptions {
  /** More lines of mosquitto.conf, after the listener's own. */
  readonly lines?: readonly string[]
  readonly scheme?: 'mqtt' | 'mqtts'
}

export async function startMosquitto({ lines = [], scheme = 'mqtt' }: MosquittoOptions = {}): Promise<TestBroker> {
  const port = await freePort()
  return launch('mosquitto', `${scheme}://127.0.0.1:${port}`, async (folder) => {
    const file = join(folder, 'mosquitto.conf')
    const text = [
      'user root',
      `listener ${port} 127.0.0.1`,
      'set_tcp_nodelay true',
      'max_inflight_messages 0',
      'max_queued_messages 0',
      'persistence false',
      ...(lines.some((line) => line.startsWith('allow_anonymous')) ? [] : ['allow_anonymous true']),
      ...lines,
    ]
    await writeFile(file, `${text.join('\n')}\n`)
    return { command: 'mosquitto', args: ['-c', file], env: {}, ready: /mosquitto version \S+ running/ }
  })
}

export interface NatsOptions {
  /** More of the `mqtt` block of nats.conf. */
  readonly mqtt?: string
}

export async function startNats({ mqtt = '' }: NatsOptions = {}): Promise<TestBroker> {
  const port = await freePort()
  return launch('nats', `mqtt://127.0.0.1:${port}`, async (folder) => {
    const file = join(folder, 'nats.conf')
    await writeFile(
      file,
      `server_name: test
      host: 127.0.0.1
      port: -1
      jetstream { store_dir: "${folder}/jetstream", max_mem: 64MB, max_file: 512MB }
      mqtt { host: 127.0.0.1, port: ${port}, ${mqtt} }
      `,
    )
    return { command: 'nats-server', args: ['-c', file], env: {}, ready: /Server is ready/ }
  })
}

/** Up in about 20 seconds. */
export async function startRabbitMq(): Promise<TestBroker> {
  const [port, distPort, epmdPort, amqpPort] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const epmd = spawn('epmd', ['-port', String(epmdPort), '-address', '127.0.0.1'], { detached: true, stdio: 'ignore' })
  await once(epmd, 'spawn')
  try {
    const broker = await launch('rabbitmq', `mqtt://127.0.0.1:${port}`, async (folder) => {
      await writeFile(
        join(folder, 'rabbitmq.conf'),
        [
          `listeners.tcp.1 = 127.0.0.1:${amqpPort}`,
          `mqtt.listeners.tcp.1 = 127.0.0.1:${port}`,
          'mqtt.allow_anonymous = true',
          'mqtt.tcp_listen_options.nodelay = true',
          'log.console = true',
          'log.console.level = info',
          '',
        ].join('\n'),
      )
      await writeFile(join(folder, 'enabled_plugins'), '[rabbitmq_mqtt].\n')
      return {
        // The Debian wrapper in PATH would change user and write to /var.
        command: '/usr/lib/rabbitmq/bin/rabbitmq-server',
        args: [],
        env: {
          HOME: folder,
          RABBITMQ_NODENAME: `test${port}@localhost`,
          RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
          RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
          RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'none.config'),
          RABBITMQ_CONF_ENV_FILE: join(folder, 'none.conf'),
          RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
          RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
          RABBITMQ_LOG_BASE: join(folder, 'log'),
          RABBITMQ_LOGS: '-',
          RABBITMQ_DIST_PORT: String(distPort),
          ERL_EPMD_PORT: String(epmdPort),
          ERL_EPMD_ADDRESS: '127.0.0.1',
          RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 +sbwt none',
          RABBITMQ_ALLOW_INPUT: '1',
        },
        ready: /Server startup complete/,
      }
    })
    return {
      ...broker,
      get pid() {
        return broker.pid
      },
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]()
        await kill(epmd)
      },
    }
  } catch (error) {
    await kill(epmd)
    throw error
  }
}

interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What it writes when clients may come. */
  readonly ready: RegExp
}

async function launch(name: string, url: string, prepare: (folder: string) => Promise<Program>): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), `phasorbus-${name}-`))
  const program = await prepare(folder)
  let child = await run(program)
  return {
    url,
    folder,
    get pid() {
      return child.pid!
    },
    async restart() {
      await kill(child)
      child = await run(program)
    },
    async [Symbol.asyncDispose]() {
      await kill(child)
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function run({ command, args, env, ready }: Program): Promise<ChildProcess> {
  // A group of its own, so that helpers it starts end with it.
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString()
      if (ready.test(output)) resolve()
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${output}`)))
  })
  // Still read, so that it never waits for us.
  child.stdout.removeAllListeners('data').resume()
  child.stderr.removeAllListeners('data').resume()
  process.once('exit', () => signalGroup(child))
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  signalGroup(child)
  await gone
}

function signalGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  process.kill(-child.pid, 'SIGKILL')
}
