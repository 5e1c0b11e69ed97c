/** A PDC behind a slow link, while a backlog without end waits: what its live frames wait for. */
import { dirname, join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { openNetwork } from '../../bench/lab/network.ts'
import { config2, dataFrame, IDCODE } from '../support/blue-pmu.ts'
import { needs } from '../support/needs.ts'
import { command } from '../support/raw-pdc.ts'
import { cmd } from '../support/scripted-pmu.ts'
import { until } from '../support/until.ts'

const need = needs('netns')
const src = dirname(dirname(inject('cliMain')))
const support = join(import.meta.dirname, 'support')
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const PORT = 4712
const BITS_PER_S = 256_000
/** A reporting period, and as much for a busy machine. */
const BOUND_MS = 40
/** 20 s of live frames. */
const FRAMES = 1000

interface Seen {
  /** Milliseconds, of each live frame, in their order. */
  readonly ages: number[]
  readonly late: number
}

async function seenBehindSlowLink(mode: 'late' | 'live'): Promise<Seen> {
  await using network = await openNetwork(['adapter', 'pdc'])
  await network.limit('pdc', BITS_PER_S)
  const [adapter, pdcHost] = [network.host('adapter'), network.host('pdc')]
  const env = { ...process.env, CONFIGURATION: hexOf(config2), FRAME: hexOf(dataFrame) }
  await adapter
    .start('server', process.execPath, [join(support, 'slow-pdc-server.mjs'), src, `${PORT}`, mode], { env })
    .ready(/ready/)
  const COMMANDS = JSON.stringify([command(IDCODE, cmd.config2), command(IDCODE, cmd.on)].map(hexOf))
  const pdc = pdcHost.start('pdc', process.execPath, [join(support, 'slow-pdc.mjs'), adapter.address, `${PORT}`], {
    env: { ...process.env, COMMANDS },
  })
  const lines = (): RegExpMatchArray[] => [...pdc.output.matchAll(/^age (\S+) late (\d+)$/gm)]
  await until(() => lines().length >= FRAMES)
  const seen = lines().slice(0, FRAMES)
  return { ages: seen.map(([, age]) => Number(age)), late: Number(seen.at(-1)![2]) }
}

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))]!

describe.skipIf(need.skip)(need.title('a PDC behind 256 kbit/s'), () => {
  it('gets live frames beside a backlog within a reporting period, once it is known how slow it is', {
    timeout: 120_000,
  }, async () => {
    const alone = await seenBehindSlowLink('live')
    expect(quantile(alone.ages, 0.9)).toBeLessThan(BOUND_MS)
    const beside = await seenBehindSlowLink('late')
    expect(beside.late).toBeGreaterThan(FRAMES)
    expect(quantile(beside.ages, 0.9)).toBeLessThan(BOUND_MS)
    // Until it is known how slow the link is; without that it would be some seconds, for as long as there is a backlog.
    expect(Math.max(...beside.ages)).toBeLessThan(1500)
  })
})
