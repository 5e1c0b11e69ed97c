import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type RunningCli, runCli, startCli } from '../support/cli.ts'
import { until } from '../support/until.ts'

interface Ready {
  readonly pdcs: readonly {
    readonly site: string
    readonly id: string
    readonly addresses: Readonly<Record<string, readonly { readonly port: number }[]>>
  }[]
  readonly metrics: string
}

async function runGrid(grid: string): Promise<{ cli: RunningCli; ready: Ready }> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-pdc-'))
  const file = join(folder, 'grid.yaml')
  await writeFile(file, grid)
  const cli = startCli(['run', file])
  onTestFinished(async () => {
    cli.child.kill('SIGTERM')
    expect((await cli.ended).exitCode).toBe(0)
    await rm(folder, { recursive: true })
  })
  const [line] = await cli.sees(/^\{.*"msg":"ready"\}$/m, 'stderr')
  return { cli, ready: JSON.parse(line) }
}

const portOf = ({ pdcs }: Ready, output: string): number =>
  pdcs.flatMap(({ addresses }) => addresses[output] ?? [])[0]!.port

const metric = async ({ metrics }: Ready, name: string, ...labels: readonly string[]): Promise<number> => {
  const text = await (await fetch(`${metrics}/metrics`)).text()
  const line = text
    .split('\n')
    .find((one) => one.startsWith(`${name}{`) && labels.every((label) => one.includes(label)))
  return Number(line?.split(' ').at(-1) ?? 0)
}

/** Two substations with a PDC each, and one over both; and one that reads a PMU itself. */
const grid = `area: a
broker: { embedded: { listen: [] } }
metrics: { listen: '127.0.0.1:0' }
sites:
  - location: station/1
    pmus:
      - { id: 1, idcode: 1, source: 'simulated:18' }
      - { id: 2, idcode: 2, source: 'simulated:17' }
    pdcs:
      - outputs: [{ id: 1, idcode: 101, dataRate: 50, wait: 200, listen: 'tcp://127.0.0.1:0' }]
  - location: station/2
    pmus:
      - { id: 3, idcode: 3, source: 'simulated:33' }
    pdcs:
      - outputs: [{ id: 1, idcode: 102, dataRate: 50, wait: 200 }]
  - location: control-center/1
    pdcs:
      - id: area
        inputs: a/+/+/PDC/1
        outputs:
          - { id: 1, idcode: 100, dataRate: 50, wait: 600, listen: 'tcp://127.0.0.1:0' }
          - { id: 2, idcode: 110, dataRate: 10, wait: 600, numbers: int16, coordinates: polar, listen: 'tcp://127.0.0.1:0' }
      - id: direct
        inputs: { id: relay, idcode: 9, source: 'simulated:25' }
        outputs: [{ id: 3, idcode: 120, dataRate: 50, publish: false, listen: 'tcp://127.0.0.1:0' }]
`

describe('PDCs in a grid file', () => {
  it('stand on each other, and serve what they make', async () => {
    const { ready } = await runGrid(grid)
    const read = async (output: string, idcode: number) => {
      const args = [
        'connect',
        `tcp://127.0.0.1:${portOf(ready, output)}`,
        '--idcode',
        `${idcode}`,
        '--for',
        '1s',
        '--json',
      ]
      const { stdout, exitCode } = await runCli(args)
      expect(exitCode).toBe(0)
      return JSON.parse(stdout)
    }
    await until(
      async () =>
        (await metric(ready, 'phasorbus_pdc_frames_total', 'output="a/control-center/1/PDC/1"', 'as="complete"')) > 50,
    )
    // By name, and in the order of the inputs' topics.
    expect(await read('a/control-center/1/PDC/1', 100)).toMatchObject({
      frames: { lost: 0 },
      chk_errors: 0,
      rate: { configured: 50 },
    })
    expect(await read('a/control-center/1/PDC/2', 110)).toMatchObject({ frames: { lost: 0 }, rate: { configured: 10 } })
    expect(await read('a/station/1/PDC/1', 101)).toMatchObject({ frames: { lost: 0 }, rate: { configured: 50 } })
    expect(await read('a/control-center/1/direct/3', 120)).toMatchObject({ frames: { lost: 0 } })
    expect(
      await metric(ready, 'phasorbus_pdc_frames_total', 'output="a/control-center/1/direct/3"', 'as="complete"'),
    ).toBeGreaterThan(20)
  })

  it('end the process where one of them cannot have its port', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    const folder = await mkdtemp(join(tmpdir(), 'phasorbus-pdc-'))
    onTestFinished(async () => {
      taken.close()
      await rm(folder, { recursive: true })
    })
    const file = join(folder, 'grid.yaml')
    await writeFile(
      file,
      `area: a
broker: { embedded: { listen: [] } }
sites:
  - location: station/1
    pmus: [{ id: 1, idcode: 1, source: 'simulated:18' }]
    pdcs: [{ outputs: [{ id: 1, idcode: 101, dataRate: 50, listen: 'tcp://127.0.0.1:${port}' }] }]
`,
    )
    const { exitCode, stderr } = await runCli(['run', file])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`${port}`)
  })
})
