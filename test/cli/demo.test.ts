import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { runCli, startCli } from '../support/cli.ts'
import { oddKeys } from '../support/snake-case.ts'

describe('phasorbus demo', () => {
  it('ends by itself with one object: every frame of six PMUs came through once', async () => {
    const { exitCode, stdout } = await runCli(['demo', '--for', '3s', '--json'])
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ lost: 0, duplicated: 0, differing: 0, reordered: 0, streams: 6 })
    expect(oddKeys(result)).toEqual([])
    expect(result.published).toBeGreaterThan(2.5 * 6 * 50)
    expect(result.delivered).toBe(result.published)
    expect(result.latency_ms).toEqual({ p50: expect.any(Number), p99: expect.any(Number) })
    // PDCs of five substations, and one over them: all six PMUs in every frame, but for a busy machine.
    expect(result.area.complete).toBeGreaterThan(50)
    expect(result.area.partial).toBeLessThan(result.area.complete / 10)
    expect(exitCode).toBe(0)
  })

  it('ends when its port is taken, with nothing left running', async () => {
    const first = startCli(['demo', '--broker-port', '0'])
    const [, port] = await first.sees(/mqtt:\/\/127\.0\.0\.1:(\d+)/)
    const second = await runCli(['demo', '--broker-port', port!])
    expect(second).toMatchObject({ exitCode: 1, signal: null })
    expect(second.stderr).toMatch(/^phasorbus: cannot listen on 127\.0\.0\.1:\d+: another program uses this port\n/)
    first.child.kill('SIGTERM')
    await first.ended
  })

  it('may be stopped before anything flows: whoever only looks has lost nothing', async () => {
    const demo = startCli(['demo'])
    await demo.sees(/Ctrl-C ends it/)
    demo.child.kill('SIGINT')
    expect(await demo.ended).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('has a dashboard, on another port where the usual one is taken', async () => {
    const before = createServer()
    // Another program may have it already, which will do.
    await new Promise<void>((resolve) => before.once('error', () => resolve()).listen(9470, '127.0.0.1', resolve))
    const demo = startCli(['demo'])
    const [, url] = await demo.sees(/9470 is taken: the dashboard is at (http:\/\/127\.0\.0\.1:\d+)/)
    expect(url).not.toMatch(/:9470$/)
    expect(await (await fetch(url!)).text()).toContain('<title>phasorbus</title>')
    expect(await (await fetch(`${url}/api/v1/live`)).json()).toMatchObject({ areas: ['south-italy-113'] })
    demo.child.kill('SIGINT')
    expect((await demo.ended).exitCode).toBe(0)
    before.close()
  })

  it('shows what flows, and ends cleanly on SIGINT', async () => {
    const demo = startCli(['demo'])
    await demo.sees(/lost 0/)
    demo.child.kill('SIGINT')
    const { exitCode, stdout } = await demo.ended
    expect(stdout).toContain('PMU → PMU-adapter → MQTT → PDC-adapter → PDC')
    expect(stdout).toMatch(/area: \d of 6 PMUs/)
    expect(stdout).toContain('secondary-station/1157/PMU/772')
    expect(exitCode).toBe(0)
  })
})
