import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EmbeddedBrokerConfig, startEmbeddedBroker } from '../../src/bus/index.ts'
import { type AccountJson, CONTRACT, encodeState } from '../../src/streams/index.ts'
import { runCli } from '../support/cli.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'

const NODE = 'south/pop/7/NODE/pop'
const STREAM = 'south/secondary-station/1156/PMU/765'

const account: AccountJson = {
  expected: 10,
  live: 9,
  late: 0,
  never_produced: 0,
  not_received: {},
  lost: {},
  pending: 1,
  outside: {},
  duplicates: 0,
  conflicts: 0,
}

async function brokerWith(deps: TestDeps, told: AccountJson): Promise<{ url: string; port: number }> {
  const settings = EmbeddedBrokerConfig.parse({ listen: ['mqtt://127.0.0.1:0'] })
  const broker = deps.stops(await startEmbeddedBroker(settings, deps))
  const bus = broker.bus({
    area: 'south',
    locationType: 'pop',
    locationId: '7',
    nodeId: 'pop',
    consumers: () => ({ 'pdc-1': { [STREAM]: told } }),
  })
  const stream = { contract: CONTRACT, online: true, rate: 50, node: NODE, journal: null } as const
  bus.publish(`${STREAM}/state/pop`, encodeState(stream), { qos: 1, retain: true })
  const { url, port } = broker.addresses[0]!
  return { url, port }
}

describe('phasorbus status', () => {
  it('shows what is retained on a broker, and ends with 0 where nothing is lost', async () => {
    await using deps = testDeps()
    const { url } = await brokerWith(deps, account)
    const { exitCode, stdout, stderr } = await runCli(['status', '--broker', url])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/PMU\/765 +0 +1 +10 +9 +0 +0 +0\n/)
    expect(stdout).toMatch(/\n1 timestamp pending: .*\n$/)
  })

  it('ends with 3 where something is lost, and prints one object for a program', async () => {
    await using deps = testDeps()
    const { url } = await brokerWith(deps, { ...account, pending: 0, lost: { expired: 1 } })
    const { exitCode, stdout } = await runCli(['status', '--broker', url, '--json'])
    expect(exitCode).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      lost: 1,
      pending: 0,
      nodes: [{ node: NODE, online: true }],
      streams: [{ stream: STREAM, online: true, rate: 50 }],
      consumers: [{ node: NODE, consumer: 'pdc-1', total: { expected: 10, lost: { expired: 1 } } }],
    })
  })

  it('asks the broker of a grid file', async () => {
    await using deps = testDeps()
    const { url } = await brokerWith(deps, account)
    const folder = mkdtempSync(join(tmpdir(), 'status-'))
    const file = join(folder, 'grid.yaml')
    writeFileSync(
      file,
      `area: south\nbroker: ${url}\nsites:\n  - location: pop/7\n    node: pop\n    pdcAdapters: [{ listen: 'tcp://127.0.0.1:4712', streams: 'south/+/+/PMU/#' }]\n`,
    )
    const { exitCode, stdout, stderr } = await runCli(['status', file])
    rmSync(folder, { recursive: true })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('consumer pdc-1 at south/pop/7/NODE/pop')
  })

  it('shows one area only', async () => {
    await using deps = testDeps()
    const { url } = await brokerWith(deps, account)
    const { exitCode, stderr } = await runCli(['status', '--broker', url, '--area', 'north', '--wait', '300ms'])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('nothing is known there')
  })

  it('says when there is no broker', async () => {
    await using deps = testDeps()
    const { url } = await brokerWith(deps, account)
    deps.abort()
    const { exitCode, stdout, stderr } = await runCli(['status', '--broker', url])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/^phasorbus: mqtt:\/\/127\.0\.0\.1:\d+ cannot be reached: .*\n {2}check --broker/)
  })

  it.each([
    ['an area that is none', ['--area', 'a/b'], /1 to 64 of A-Z/],
    ['a broker that nobody speaks to', ['--broker', 'http://x'], /mqtt:\/\//],
    ['a file and a broker', ['grid.yaml', '--broker', 'mqtt://x'], /not both/],
  ])('refuses %s with exit code 2', async (_case, args, message) => {
    const { exitCode, stderr } = await runCli(['status', ...args])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(message)
  })
})
