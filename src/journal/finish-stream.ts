import { crashWindowTo } from './crash-window.ts'
import type { JournalFiles } from './journal-files.ts'
import type { LoadedStream } from './load-stream.ts'
import type { Delays, Lock } from './lock.ts'
import type { StreamStore } from './stream-store.ts'

export interface FinishDeps {
  readonly files: JournalFiles
  /** What the process before left; undefined if it let go. */
  readonly left: Lock['left']
  /** Of this process, where nobody knows of the one before. */
  readonly delays: Delays
  readonly nowUs: number
}

/** Brings one stream into the state in which a clean end would have left it. May be begun again at any point. */
export async function finishStream(
  loaded: LoadedStream,
  store: StreamStore,
  { files, left, delays, nowUs }: FinishDeps,
): Promise<void> {
  for (const { path, bytes } of loaded.cuts) await cut(files, path, bytes)
  for (const path of loaded.orphans) await files.unlink(path)
  const crashWindowToUs = crashWindowTo(loaded, left ?? { ...delays, sameBoot: true })
  store.takeOver(loaded, { aliveUs: left?.aliveUs ?? nowUs, crashWindowToUs })
  await store.fill()
}

async function cut(files: JournalFiles, path: string, bytes: number): Promise<void> {
  const fd = await files.open(path, true)
  try {
    await files.truncate(fd, bytes)
    await files.sync(fd)
  } finally {
    await files.close(fd)
  }
}
