import type { HostProcess } from '../host-process.ts'

/** One broker, or one node of a cluster, in a host of the lab. */
export interface LabBroker {
  readonly host: string
  /** mqtt://ADDRESS:1883 */
  readonly url: string
  readonly running: boolean
  /** The last of what it wrote. */
  readonly output: string
  /** kill -9. */
  kill(): Promise<void>
  /** Again on the same files. Resolves when it takes clients. */
  start(): Promise<void>
}

/** Starts at once; `ready` decides when clients may come. */
export async function runBroker(
  host: string,
  url: string,
  launch: () => HostProcess,
  ready: (started: HostProcess) => Promise<unknown>,
): Promise<LabBroker> {
  let running = launch()
  await ready(running)
  return {
    host,
    url,
    get running() {
      return running.running
    },
    get output() {
      return running.output
    },
    kill: () => running.kill(),
    async start() {
      running = launch()
      await ready(running)
    },
  }
}

export const mqttPort = 1883
