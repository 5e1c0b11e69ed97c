import type { StoreImport } from '../../historian/index.ts'
import { parseStreamTopic } from '../../streams/index.ts'
import { type CaptureInput, readingProgress, watched } from '../capture-input.ts'
import { CsvReader, type CsvReaderOptions } from './csv-reader.ts'
import { onlyTopic, type StreamTopic } from './stream-topics.ts'

/** Until it is whole, or the signal aborts. Throws CliError, with line and column. */
export async function importCsv(
  into: StoreImport,
  input: CaptureInput,
  topics: readonly StreamTopic[],
  options: Pick<CsvReaderOptions, 'rate' | 'nominal'>,
  signal: AbortSignal,
): Promise<void> {
  const topic = onlyTopic(input.name, topics)
  const idcode = topics[0]!.idcode ?? idcodeOf(topic)
  const reader = new CsvReader({ name: input.name, idcode, ...options })
  const progress = readingProgress('importing', input)
  const add = async (frames: ReturnType<CsvReader['push']>): Promise<void> => {
    for (const [{ fragments }, frame] of frames) await into.add(topic, fragments, frame)
  }
  try {
    for await (const chunk of watched(input, progress).chunks(signal)) await add(reader.push(chunk))
    await add(reader.end())
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.end()
  }
}

/** The ID of a PMU is its IDCODE by custom; 1 where it cannot be. */
function idcodeOf(topic: string): number {
  const { producerId } = parseStreamTopic(topic)
  const number = /^\d{1,5}$/.test(producerId) ? Number(producerId) : 0
  return number >= 1 && number <= 65_534 ? number : 1
}
