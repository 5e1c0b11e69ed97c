import { deferred } from '../../src/runtime/deferred.ts'
import type { PageAnswer } from './ends/pdc-fleet.ts'
import type { HostProcess } from './host-process.ts'

/** Reads web pages from within the lab, by way of the PDCs' process. */
export function pagesBy(process: HostProcess): (url: string) => Promise<string> {
  const asked = new Map<number, (answer: PageAnswer) => void>()
  let last = 0
  process.onMessage((message) => {
    const answer = message as PageAnswer
    asked.get(answer.id)?.(answer)
    asked.delete(answer.id)
  })
  return async (url) => {
    const { promise, resolve } = deferred<PageAnswer>()
    asked.set(++last, resolve)
    process.send({ id: last, url })
    const answer = await promise
    if ('error' in answer) throw new Error(answer.error)
    return answer.text
  }
}
