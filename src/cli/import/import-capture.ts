import type { CaptureReport } from '../../capture/index.ts'
import type { StoreImport } from '../../historian/index.ts'
import { type CaptureInput, faultText, readCapture, readingProgress, watched } from '../capture-input.ts'
import { type CliError, failure } from '../cli-error.ts'
import { count } from '../terminal/quantity.ts'
import { CaptureDataReader, CaptureSurvey, type Surveyed } from './capture-streams.ts'
import { type StreamTopic, topicsOf } from './stream-topics.ts'

const CONFIG_HINT =
  'save one from the PMU with `phasorbus connect … --save-config FILE`, and give it with --config FILE'

/** Until it is whole, or the signal aborts. Says on standard error what of it is not imported. Throws CliError. */
export async function importCapture(
  into: StoreImport,
  input: CaptureInput,
  topics: readonly StreamTopic[],
  given: readonly (readonly Uint8Array[])[],
  signal: AbortSignal,
): Promise<void> {
  const surveyed = await survey(input, given, signal)
  if (signal.aborted) return
  if (![...surveyed.idcodes.values()].some(({ dataFrames }) => dataFrames > 0)) throw noData(input, surveyed.report)
  const topicOf = topicsOf(input.name, surveyed.idcodes, topics)
  const reader = new CaptureDataReader(given, surveyed)
  let isAny = false
  const take = async (): Promise<void> => {
    for (const { idcode, fragments, frame } of reader.take()) {
      const topic = topicOf.get(idcode)
      if (topic === undefined) continue
      await into.add(topic, fragments, frame)
      isAny = true
    }
  }
  const progress = readingProgress('importing', input)
  try {
    await readCapture(watched(input, progress), reader, signal, async () => {
      await take()
      return false
    })
  } finally {
    progress.end()
  }
  reader.end()
  await take()
  if (signal.aborted) return
  if (!isAny) throw failure(`${input.name}: its data have no configuration that says what they are`, CONFIG_HINT)
  warn(input, surveyed, topicOf, reader.unexplained)
}

async function survey(
  input: CaptureInput,
  given: readonly (readonly Uint8Array[])[],
  signal: AbortSignal,
): Promise<Surveyed> {
  const first = new CaptureSurvey(given)
  const progress = readingProgress('looking through', input)
  await readCapture(watched(input, progress), first, signal).finally(progress.end)
  return first.end()
}

function noData({ name }: CaptureInput, { format, fault }: CaptureReport): CliError {
  if (format === 'empty') return failure(`${name} is empty`)
  const why = fault ? faultText(fault) : 'no data frame with a right CHK'
  return failure(`${name} has nothing to import: ${why}`, `\`phasorbus decode --summary ${name}\` says what is in it`)
}

function warn(
  { name }: CaptureInput,
  { idcodes, report }: Surveyed,
  topicOf: ReadonlyMap<number, string>,
  unexplained: ReadonlyMap<number, number>,
): void {
  const say = (text: string): void => void process.stderr.write(`phasorbus: ${name}: ${text}\n`)
  if (report.fault) say(`it is damaged: ${faultText(report.fault)}; what comes before is imported`)
  for (const { idcode, dataFrames } of idcodes.values()) {
    const without = unexplained.get(idcode) ?? 0
    if (!topicOf.has(idcode)) {
      if (dataFrames > 0)
        say(`IDCODE ${idcode} (${count(dataFrames, 'data frame')}) is not imported: no --stream names it`)
    } else if (without > 0)
      say(
        `${count(without, 'data frame')} of IDCODE ${idcode} ${without === 1 ? 'has' : 'have'} no configuration: ${CONFIG_HINT}`,
      )
  }
}
