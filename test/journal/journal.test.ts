import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameSplitter } from '../../src/c37118/index.ts'
import { inspectJournal, JournalError } from '../../src/journal/index.ts'
import { config2, config2Of, smallerConfig2, smallerDataAt } from '../support/blue-pmu.ts'
import { needs } from '../support/needs.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { until } from '../support/until.ts'
import { frameAt, hexOf, isData, keep, readAll, STREAM, slot, temporaryFolder, usOf } from './support/kept.ts'

const segmentsOf = (folder: string): string[] =>
  readdirSync(join(folder, STREAM))
    .filter((name) => name.endsWith('.c37'))
    .sort((a, b) => Number(/-(\d+)/.exec(a)![1]) - Number(/-(\d+)/.exec(b)![1]))
    .map((name) => join(folder, STREAM, name))

/** Every file of a journal, by its path. */
const contentsOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path, readFileSync(path, 'hex')]),
  )

function framesIn(file: string): Uint8Array[] {
  const frames: Uint8Array[] = []
  const splitter = new FrameSplitter()
  splitter.push(readFileSync(file), (frame) => frames.push(new Uint8Array(frame)))
  expect(splitter.discarded + splitter.pending).toBe(0)
  return frames
}

describe('a journal', () => {
  it('gives back at once what it was given, byte for byte, and after it was closed', async () => {
    using folder = temporaryFolder()
    const frames = Array.from({ length: 200 }, (_, n) => frameAt(slot(n)))
    {
      await using kept = await keep(folder.path)
      const writer = kept.journal.stream(STREAM)
      writer.configuration([config2])
      for (const frame of frames) {
        // The caller's buffer is its own again.
        const lent = new Uint8Array(frame)
        writer.data(lent)
        lent.fill(0)
      }
      const answer = await readAll(kept.journal.reader(STREAM)!)
      expect(answer.data.map(hexOf)).toEqual(frames.map(hexOf))
      expect(hexOf(answer.frames[0]!)).toBe(hexOf(config2))
      expect(writer.span).toEqual({ fromUs: slot(0), toUs: slot(199) })
    }
    await using kept = await keep(folder.path)
    expect((await readAll(kept.journal.reader(STREAM)!)).data.map(hexOf)).toEqual(frames.map(hexOf))
    expect(kept.journal.topics).toEqual([STREAM])
    expect(kept.journal.reader('area/secondary-station/1/PMU/none')).toBeUndefined()
  })

  it('closes so that nothing but segments is left, each a file of frames that begins with its configuration', async () => {
    using folder = temporaryFolder()
    {
      await using kept = await keep(folder.path, { settings: { segmentBytes: 4096 } })
      const writer = kept.journal.stream(STREAM)
      writer.configuration([config2])
      for (let n = 0; n < 300; n++) writer.data(frameAt(slot(n)))
    }
    expect(readdirSync(folder.path).sort()).toEqual(['area', 'journal.version'])
    const segments = segmentsOf(folder.path)
    expect(segments.length).toBeGreaterThan(3)
    for (const segment of segments) {
      const [first, ...rest] = framesIn(segment)
      expect(hexOf(first!)).toBe(hexOf(config2))
      expect(rest.every(isData)).toBe(true)
    }
    expect(segments.flatMap((segment) => framesIn(segment).filter(isData))).toHaveLength(300)
  })

  it.skipIf(needs('tshark').skip)(needs('tshark').title('keeps segments that tshark can read'), async () => {
    using folder = temporaryFolder()
    {
      await using kept = await keep(folder.path)
      const writer = kept.journal.stream(STREAM)
      writer.configuration([config2])
      for (let n = 0; n < 20; n++) writer.data(frameAt(slot(n)))
    }
    const text = execFileSync('sh', [
      '-c',
      'od -Ax -tx1 -v "$0" | text2pcap -q -T 4712,50000 - - | tshark -r - -T fields -e synphasor.frtype -E occurrence=a',
      segmentsOf(folder.path)[0]!,
    ])
    const types = text
      .toString()
      .trim()
      .split(/[\s,]+/)
    expect(types.filter((type) => Number(type) === 0)).toHaveLength(20)
    expect(types.filter((type) => Number(type) === 3)).toHaveLength(1)
  })

  it('gives each epoch its own configuration, in the pages too, however small', async () => {
    using folder = temporaryFolder()
    const all: { configuration: Uint8Array; frame: Uint8Array }[] = []
    await using kept = await keep(folder.path, { settings: { segmentBytes: 4096 } })
    const writer = kept.journal.stream(STREAM)
    const put = (configuration: Uint8Array, frame: Uint8Array): void => {
      writer.configuration([configuration])
      writer.data(frame)
      all.push({ configuration, frame })
    }
    for (let n = 0; n < 40; n++) put(config2, frameAt(slot(n)))
    for (let n = 0; n < 40; n++) put(smallerConfig2, smallerDataAt(n))
    for (let n = 40; n < 80; n++) put(n % 2 === 0 ? config2Of(90) : config2, frameAt(slot(n)))
    for (const maxBytes of [1, 100, 300, 2000, 1_000_000]) {
      const reader = kept.journal.reader(STREAM)!
      let cursor: string | undefined
      const read: { configuration: Uint8Array; frame: Uint8Array }[] = []
      do {
        const page = await reader.read({ fromUs: 0, toUs: slot(1e9), maxBytes, ...(cursor && { cursor }) })
        let configuration: Uint8Array | undefined
        for (const frame of page.frames) {
          if (isData(frame)) read.push({ configuration: configuration!, frame })
          else configuration = frame
        }
        const bytes = page.frames.reduce((sum, { length }) => sum + length, 0)
        if (page.frames.filter(isData).length > 1) expect(bytes).toBeLessThanOrEqual(maxBytes)
        cursor = page.cursor
      } while (cursor !== undefined)
      expect(read.map(({ frame, configuration }) => [hexOf(frame), hexOf(configuration)])).toEqual(
        all.map(({ frame, configuration }) => [hexOf(frame), hexOf(configuration)]),
      )
    }
  })

  it('does not journal what no configuration describes, and says so', async () => {
    using folder = temporaryFolder()
    await using kept = await keep(folder.path)
    kept.journal.stream(STREAM).data(frameAt(slot(0)))
    expect(await kept.deps.metrics.expose()).toContain(
      'phasorbus_journal_lost_frames_total{reason="no-configuration"} 1',
    )
  })

  it('is refused to a second process, and given to it once the first is gone', async () => {
    using folder = temporaryFolder()
    {
      await using _kept = await keep(folder.path)
      await expect(keep(folder.path)).rejects.toMatchObject({ code: 'JOURNAL_LOCKED' })
    }
    await using kept = await keep(folder.path)
    expect(kept.journal.failing).toBe(false)
  })

  it('keeps its frames when its version cannot be read, and says so', async () => {
    using folder = temporaryFolder()
    {
      await using kept = await keep(folder.path)
      kept.journal.stream(STREAM).configuration([config2])
      for (let n = 0; n < 10; n++) kept.journal.stream(STREAM).data(frameAt(slot(n)))
    }
    writeFileSync(join(folder.path, 'journal.version'), '{"journal":')
    const { log, lines } = recordedLog()
    await using kept = await keep(folder.path, { log })
    expect(kept.journal.reader(STREAM)?.span).toMatchObject({ fromUs: slot(0), toUs: slot(9) })
    expect(lines).toContainEqual({ level: 'warn', message: expect.stringContaining('version of the journal') })
    expect(readFileSync(join(folder.path, 'journal.version'), 'utf8')).toMatch(
      /^\{"journal":1,"id":"[0-9a-f]{16}"\}\n$/,
    )
  })

  it.each(['{"journal":2,"id":"0123456789abcdef"}\n', '{"journal":2}', '{"journal":0,"uuid":[]}'])(
    'is refused where another version wrote it, as %j says, and is left as it was',
    async (text) => {
      using folder = temporaryFolder()
      {
        await using kept = await keep(folder.path)
        kept.journal.stream(STREAM).configuration([config2])
        kept.journal.stream(STREAM).data(frameAt(slot(0)))
      }
      writeFileSync(join(folder.path, 'journal.version'), text)
      const before = contentsOf(folder.path)
      const facts = { code: 'JOURNAL_VERSION', folder: folder.path, found: text[11], known: 1 }
      await expect(keep(folder.path)).rejects.toMatchObject({ facts })
      await expect(inspectJournal(folder.path)).rejects.toMatchObject({ facts })
      // Nor a lock: the version that wrote it may go on.
      expect(contentsOf(folder.path)).toEqual(before)
    },
  )

  it('refuses a cursor that is of another range, another stream or nobody', async () => {
    using folder = temporaryFolder()
    await using kept = await keep(folder.path)
    const other = 'area/secondary-station/1/PMU/2'
    for (const topic of [STREAM, other]) {
      const writer = kept.journal.stream(topic)
      writer.configuration([config2])
      for (let n = 0; n < 10; n++) writer.data(frameAt(slot(n)))
    }
    const range = { fromUs: slot(0), toUs: slot(10), maxBytes: 100 }
    const { cursor } = await kept.journal.reader(STREAM)!.read(range)
    expect(cursor).toMatch(/^[\x21-\x7e]{1,512}$/)
    const bad = [
      kept.journal.reader(other)!.read({ ...range, cursor: cursor! }),
      kept.journal.reader(STREAM)!.read({ ...range, toUs: slot(9), cursor: cursor! }),
      ...['', 'x', '00000000-1-0', '-1--1', `${cursor}0000000000000000`].map((text) =>
        kept.journal.reader(STREAM)!.read({ ...range, cursor: text }),
      ),
    ]
    for (const reading of bad) await expect(reading).rejects.toMatchObject({ code: 'JOURNAL_BAD_CURSOR' })
    await expect(kept.journal.reader(STREAM)!.read({ ...range, toUs: slot(-1) })).rejects.toThrow(JournalError)
  })

  it('goes on from a cursor while segments fill, rotate and are read back from disk', async () => {
    using folder = temporaryFolder()
    await using kept = await keep(folder.path, { fillEveryMs: 2, settings: { segmentBytes: 4096 } })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    const given: string[] = []
    const give = (count: number): void => {
      for (let n = 0; n < count; n++) {
        const frame = frameAt(slot(given.length))
        given.push(hexOf(frame))
        writer.data(frame)
      }
    }
    give(50)
    const have: string[] = []
    let cursor: string | undefined
    do {
      const page = await kept.journal
        .reader(STREAM)!
        .read({ fromUs: slot(0), toUs: slot(600), maxBytes: 500, ...(cursor && { cursor }) })
      have.push(...page.frames.filter(isData).map(hexOf))
      cursor = page.cursor
      if (given.length < 500) give(11)
      await new Promise((resolve) => setImmediate(resolve))
    } while (cursor !== undefined)
    expect(have.length).toBeGreaterThan(400)
    expect(have).toEqual(given.slice(0, have.length))
  })

  it('holds a cursor across a restart', async () => {
    using folder = temporaryFolder()
    const range = { fromUs: slot(0), toUs: slot(100), maxBytes: 1000 }
    let cursor: string
    const have: string[] = []
    {
      await using kept = await keep(folder.path)
      const writer = kept.journal.stream(STREAM)
      writer.configuration([config2])
      for (let n = 0; n < 100; n++) writer.data(frameAt(slot(n)))
      const page = await kept.journal.reader(STREAM)!.read(range)
      have.push(...page.frames.filter(isData).map(hexOf))
      cursor = page.cursor!
    }
    await using kept = await keep(folder.path)
    for (let next: string | undefined = cursor; next !== undefined; ) {
      const page = await kept.journal.reader(STREAM)!.read({ ...range, cursor: next })
      have.push(...page.frames.filter(isData).map(hexOf))
      next = page.cursor
    }
    expect(have).toEqual(Array.from({ length: 100 }, (_, n) => hexOf(frameAt(slot(n)))))
  })

  it('finds by time whatever the order of the timestamps', async () => {
    using folder = temporaryFolder()
    await using kept = await keep(folder.path, { fillEveryMs: 3, settings: { segmentBytes: 4096 } })
    let streams = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        async (slots, one, other, maxBytes) => {
          const topic = `area/secondary-station/1/PMU/${streams++}`
          const writer = kept.journal.stream(topic)
          writer.configuration([config2])
          for (const [n, at] of slots.entries()) writer.data(frameAt(slot(at), n))
          const [fromUs, toUs] = [slot(Math.min(one, other)), slot(Math.max(one, other))]
          const answer = await readAll(kept.journal.reader(topic)!, { fromUs, toUs, maxBytes })
          const wanted = slots.flatMap((at, n) =>
            slot(at) >= fromUs && slot(at) < toUs ? [hexOf(frameAt(slot(at), n))] : [],
          )
          expect(answer.data.map(hexOf)).toEqual(wanted)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('bounds', () => {
  it('lets the oldest segments of all streams go at the bound of bytes, and says expired of what was in them', async () => {
    using folder = temporaryFolder()
    const clock = { us: slot(0) }
    await using kept = await keep(folder.path, {
      utcUs: () => clock.us,
      fillEveryMs: 2,
      settings: { maxBytes: 1024 * 1024, segmentBytes: 64 * 1024 },
    })
    const quiet = kept.journal.stream('area/secondary-station/1/PMU/2')
    quiet.configuration([config2])
    for (let n = 0; n < 10; n++) quiet.data(frameAt(slot(n)))
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (let n = 0; n < 60_000; n++) {
      clock.us = slot(n)
      writer.data(frameAt(clock.us))
      if (n % 1000 === 999) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const diskBytes = async (): Promise<number> =>
      Number(/journal_disk_bytes (\d+)/.exec(await kept.deps.metrics.expose())?.[1])
    await until(
      async () => (writer.span?.fromUs ?? 0) > slot(30_000) && (await diskBytes()) <= 1024 * 1024 + 256 * 1024,
    )
    const answer = await readAll(kept.journal.reader(STREAM)!, { fromUs: slot(-10), toUs: slot(60_000), maxBytes: 1e6 })
    expect(answer.absent.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['not-received', 'before-journal'],
      ['expired', undefined],
      ['never-produced', undefined],
    ])
    const firstUs = usOf(answer.data[0]!)
    expect(answer.absent[1]).toMatchObject({ fromUs: slot(0), toUs: firstUs - 20_000 + 1 })
    expect(answer.data.length).toBe(60_000 - (firstUs - slot(0)) / 20_000)
  })

  it('lets go of what is older than the bound of age', async () => {
    using folder = temporaryFolder()
    const clock = { us: slot(0) }
    await using kept = await keep(folder.path, {
      utcUs: () => clock.us,
      fillEveryMs: 2,
      settings: { maxAgeDays: 1, segmentBytes: 4096 },
    })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (let n = 0; n < 200; n++) writer.data(frameAt(slot(n)))
    clock.us += 2 * 86_400_000_000
    writer.sessionEnded('LINK_SILENT')
    for (let n = 0; n < 10; n++) writer.data(frameAt(clock.us + n * 20_000))
    await until(() => (writer.span?.fromUs ?? 0) > slot(100))
    const answer = await readAll(kept.journal.reader(STREAM)!, { fromUs: slot(0), toUs: slot(50) })
    expect(answer.absent).toEqual([{ fromUs: slot(0), toUs: slot(50), verdict: 'expired' }])
  })

  it('says expired also when nothing of an earlier run is left', async () => {
    using folder = temporaryFolder()
    {
      await using kept = await keep(folder.path)
      const writer = kept.journal.stream(STREAM)
      writer.configuration([config2])
      for (let n = 0; n < 200; n++) writer.data(frameAt(slot(n)))
    }
    const laterUs = Date.now() * 1000 + 3 * 86_400_000_000
    await using kept = await keep(folder.path, { utcUs: () => laterUs, settings: { maxAgeDays: 1 }, fillEveryMs: 10 })
    await until(() => kept.journal.stream(STREAM).span === undefined)
    const answer = await readAll(kept.journal.reader(STREAM)!, { fromUs: slot(-10), toUs: slot(300) })
    expect(answer.absent).toEqual([
      { fromUs: slot(-10), toUs: slot(0), verdict: 'not-received', reason: 'before-journal' },
      { fromUs: slot(0), toUs: slot(199) + 1, verdict: 'expired' },
      { fromUs: slot(199) + 1, toUs: slot(300), verdict: 'not-received', reason: 'adapter-down' },
    ])
  })

  it('goes on from a cursor of which the segment is gone', async () => {
    using folder = temporaryFolder()
    const clock = { us: slot(0) }
    await using kept = await keep(folder.path, {
      utcUs: () => clock.us,
      fillEveryMs: 2,
      settings: { maxAgeDays: 1, segmentBytes: 4096 },
    })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (let n = 0; n < 200; n++) writer.data(frameAt(slot(n)))
    const range = { fromUs: slot(0), toUs: slot(100_000_000), maxBytes: 500 }
    const { cursor } = await kept.journal.reader(STREAM)!.read(range)
    clock.us += 2 * 86_400_000_000
    const late = Array.from({ length: 5 }, (_, n) => frameAt(clock.us + n * 20_000))
    for (const frame of late) writer.data(frame)
    await until(() => (writer.span?.fromUs ?? 0) > slot(100))
    const have: string[] = []
    for (let next = cursor; next !== undefined; ) {
      const page = await kept.journal.reader(STREAM)!.read({ ...range, cursor: next })
      have.push(...page.frames.filter(isData).map(hexOf))
      next = page.cursor
    }
    expect(have.slice(-5)).toEqual(late.map(hexOf))
  })
})
