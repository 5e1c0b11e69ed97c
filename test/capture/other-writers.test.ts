import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { capturePath, needsCaptures, readCapture } from '../support/captures.ts'
import { needs } from '../support/needs.ts'
import { extract, type Found } from './collect.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phasorbus-writers-'))
})
afterAll(() => rm(folder, { recursive: true }))

const names = [
  'C37.118_1PMU_TCP.pcap',
  'C37.118_1PMU_UDP.pcap',
  'C37.118_2PMUsInSync_TCP.pcap',
  'c37_1100_clean_tcp.pcap',
]
const framesOf = ({ frames }: Found) => frames.map(({ hex, timeUs }) => [hex, timeUs])

/** What a tool of Wireshark's makes of a capture. */
async function made(program: string, ...args: string[]): Promise<Uint8Array> {
  const out = join(folder, 'made')
  execFileSync(
    program,
    args.map((arg) => (arg === '{out}' ? out : arg)),
    { stdio: 'ignore' },
  )
  return readFile(out)
}

const tool = needs('editcap')
const skip = tool.skip || needsCaptures.skip

describe.skipIf(skip)(tool.title(needsCaptures.title("captures as Wireshark's tools write them")), () => {
  it.each(['pcapng', 'nsecpcap', 'modpcap'].flatMap((format) => names.map((name) => [format, name] as const)))(
    'give the same frames at the same times as %s: %s',
    async (format, name) => {
      const written = await made('editcap', '-F', format, capturePath(name), '{out}')
      const found = extract([written])
      expect(framesOf(found)).toEqual(framesOf(extract([readCapture(name)])))
      expect(found.report).toMatchObject({ format: format === 'pcapng' ? 'pcapng' : 'pcap' })
      expect(found.report.fault).toBeUndefined()
    },
  )

  it('give all frames of both when two were merged, as pcapng with an interface for each', async () => {
    const [one, two] = [names[0]!, names[3]!]
    const merged = extract([await made('mergecap', '-I', 'none', '-w', '{out}', capturePath(one), capturePath(two))])
    const expected = [one, two].flatMap((name) => framesOf(extract([readCapture(name)])))
    expect(framesOf(merged)).toEqual(expected)
    expect(merged.report).toMatchObject({ format: 'pcapng', c37118Flows: 2 })
  })

  it('give every frame before and after packets that were cut out, and report the gap', async () => {
    const name = names[3]!
    const whole = extract([readCapture(name)]).frames.map(({ hex }) => hex)
    const found = extract([await made('editcap', '-F', 'pcap', capturePath(name), '{out}', '100-130', '400')])
    const kept = found.frames.map(({ hex }) => hex)
    expect(kept.length).toBeLessThan(whole.length)
    expect(kept.length).toBeGreaterThan(whole.length - 32)
    expect(whole.filter((hex) => kept.includes(hex))).toEqual(kept)
    const lost = whole.filter((hex) => !kept.includes(hex)).reduce((bytes, hex) => bytes + hex.length / 2, 0)
    expect(found.gaps.reduce<number>((sum, gap) => sum + (gap ?? 0), 0)).toBe(lost)
    expect(found.discarded).toBe(0)
  })

  it('give no frame that was cut by the snaplen, and count the packets', async () => {
    const found = extract([await made('editcap', '-F', 'pcap', '-s', '100', capturePath(names[0]!), '{out}')])
    expect(found.frames.every(({ hex }) => hex.length === 36)).toBe(true)
    expect(found.report.cutOff).toBeGreaterThan(200)
  })
})
