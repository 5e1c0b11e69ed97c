/** Journals in folders of their own, and frames to put into them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FrameType, fractionOf, frameTypeOf, socOf, stampFrame } from '../../../src/c37118/index.ts'
import { JournalSettings } from '../../../src/config/journal.ts'
import { type Journal, type JournalDeps, type JournalReader, openJournal } from '../../../src/journal/index.ts'
import type { AbsentRange } from '../../../src/streams/index.ts'
import { dataFrame, IDCODE, TIME_BASE } from '../../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../../support/deps.ts'

export const STREAM = 'area/secondary-station/1/PMU/1'
export const PERIOD_US = 20_000
/** 2026-01-01T00:00:00Z, where the frames of these tests begin. */
export const T0 = 1_767_225_600_000_000

export interface Folder extends Disposable {
  readonly path: string
}

export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'phasorbus-journal-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export interface OpenOptions extends Partial<Omit<JournalDeps, 'signal'>> {
  readonly settings?: Partial<JournalSettings>
}

export interface Kept extends AsyncDisposable {
  readonly journal: Journal
  readonly deps: TestDeps
}

/** Closed, cleanly, at the end of the scope. */
export async function keep(folder: string, { settings = {}, ...more }: OpenOptions = {}): Promise<Kept> {
  const deps = testDeps(more.log)
  try {
    const config = { folder, ...JournalSettings.parse(settings) }
    const journal = deps.stops(await openJournal(config, { ...deps, ...more }))
    return { journal, deps, [Symbol.asyncDispose]: () => deps[Symbol.asyncDispose]() }
  } catch (error) {
    await deps[Symbol.asyncDispose]()
    throw error
  }
}

/** A data frame of `config2` at this time; `mark` makes its bytes differ from others of the same time. */
export function frameAt(us: number, mark = 0): Uint8Array {
  const frame = new Uint8Array(dataFrame)
  new DataView(frame.buffer).setUint32(16, mark)
  const soc = Math.floor(us / 1e6)
  stampFrame(frame, { soc, fraction: Math.round(((us - soc * 1e6) / 1e6) * TIME_BASE), idcode: IDCODE })
  return frame
}

/** As the journal counts time. */
export const usOf = (frame: Uint8Array): number =>
  socOf(frame) * 1e6 + Math.round((fractionOf(frame) / TIME_BASE) * 1e6)

export const slot = (n: number): number => T0 + n * PERIOD_US

export const isData = (frame: Uint8Array): boolean => frameTypeOf(frame) === FrameType.data

export const hexOf = (frame: Uint8Array): string => Buffer.from(frame).toString('hex')

export interface Answer {
  /** Configurations among them, as they came. */
  readonly frames: readonly Uint8Array[]
  readonly data: readonly Uint8Array[]
  readonly absent: readonly AbsentRange[]
  readonly throughUs: number
  readonly pages: number
}

/** Follows the cursor to the end. */
export async function readAll(
  reader: JournalReader,
  { fromUs = 0, toUs = 8_000_000_000_000_000, maxBytes = 65_536 } = {},
): Promise<Answer> {
  const frames: Uint8Array[] = []
  let cursor: string | undefined
  for (let pages = 1; ; pages++) {
    const page = await reader.read({ fromUs, toUs, maxBytes, ...(cursor === undefined ? {} : { cursor }) })
    frames.push(...page.frames)
    if (page.cursor === undefined) {
      return { frames, data: frames.filter(isData), absent: page.absent, throughUs: page.throughUs, pages }
    }
    cursor = page.cursor
  }
}

/** What an answer says of one instant: a verdict with its reason, `frame`, or nothing. */
export function verdictAt({ absent, data }: Pick<Answer, 'absent' | 'data'>, us: number): string | undefined {
  if (data.some((frame) => usOf(frame) === us)) return 'frame'
  const range = absent.find(({ fromUs, toUs }) => us >= fromUs && us < toUs)
  return range && (range.reason === undefined ? range.verdict : `${range.verdict} ${range.reason}`)
}
