import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import type { HostProcess } from '../../bench/lab/host-process.ts'
import { type Host, type Network, openNetwork } from '../../bench/lab/network.ts'
import { needs } from '../support/needs.ts'
import { until } from '../support/until.ts'

const need = needs('netns')
const namespaces = (): string[] => (existsSync('/var/run/netns') ? readdirSync('/var/run/netns') : [])

/** A process that nobody has waited for yet has ended all the same. */
const isRunning = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

const echo = `require('dgram').createSocket('udp4').on('message', function (m, r) { this.send(m, r.port, r.address) })
  .bind(9, () => console.log('ready'))`
const askForever = (host: string): string => `
  const socket = require('dgram').createSocket('udp4').on('message', (m) => console.log('heard ' + m))
  let i = 0; setInterval(() => socket.send('' + ++i, 9, '${host}'), 2)`

async function answering(host: Host): Promise<void> {
  await host.start('echo', process.execPath, ['-e', echo]).ready(/ready/)
}
const asking = (host: Host, whom: string): HostProcess => host.start('ask', process.execPath, ['-e', askForever(whom)])
const heardBy = ({ output }: HostProcess): number => output.match(/heard/g)?.length ?? 0

describe.skipIf(need.skip)(need.title('the network lab'), () => {
  const open = (): Promise<Network> => openNetwork(['a', 'b', 'c'])

  it('joins hosts that know each other by name, cuts two of them apart, and heals', async () => {
    await using network = await open()
    await answering(network.host('b'))
    const fromA = asking(network.host('a'), 'b')
    const fromC = asking(network.host('c'), 'b')
    await until(() => heardBy(fromA) > 5 && heardBy(fromC) > 5)

    await network.cut(['a'], ['b'])
    const [cutA, cutC] = [heardBy(fromA), heardBy(fromC)]
    await until(() => heardBy(fromC) > cutC + 50)
    expect(heardBy(fromA)).toBeLessThan(cutA + 5)

    await network.heal(['a'], ['b'])
    const healed = heardBy(fromA)
    await until(() => heardBy(fromA) > healed + 5)
  })

  it('loses about as many packets as told, each way', async () => {
    await using network = await open()
    await answering(network.host('b'))
    await network.lose(30, 'a', 'b')
    const fromA = asking(network.host('a'), 'b')
    await until(() => /heard 9\d\d\n/.test(fromA.output))
    // 0.7 × 0.7 come back.
    const share = heardBy(fromA) / Number(/heard (\d+)\n$/.exec(fromA.output)?.[1])
    expect(share).toBeGreaterThan(0.4)
    expect(share).toBeLessThan(0.6)
  })

  it('leaves no process and no namespace behind', async () => {
    const network = await open()
    const mine = namespaces().filter((name) => name.startsWith(`phasorbus-lab-${process.pid}-`))
    expect(mine).toHaveLength(4)
    const { pid } = network.host('a').start('sleep', 'sleep', ['600'])
    await network[Symbol.asyncDispose]()
    expect(namespaces().filter((name) => mine.includes(name))).toEqual([])
    expect(isRunning(pid)).toBe(false)
  })

  it('clears away what a killed process left', async () => {
    const module = join(dirname(inject('cliMain')), '../../bench/lab/network.js')
    const script = `import(${JSON.stringify(module)}).then(async ({ openNetwork }) => {
      const network = await openNetwork(['a'])
      console.log(network.host('a').start('sleep', 'sleep', ['600']).pid)
    })`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    const left = Number(said.toString())
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(namespaces().some((name) => name.startsWith(`phasorbus-lab-${child.pid}-`))).toBe(true)
    expect(isRunning(left)).toBe(true)

    const network = await open()
    await network[Symbol.asyncDispose]()
    expect(namespaces().some((name) => name.startsWith(`phasorbus-lab-${child.pid}-`))).toBe(false)
    await until(() => !isRunning(left))
  })
})
