import { describe, expect, it } from 'vitest'
import { Admission } from '../../src/api/admission.ts'

const never = new AbortController().signal

describe('admission', () => {
  it('lets in as many as it says, others in their order as these leave, and turns away the rest', async () => {
    const admission = new Admission(2, 2)
    const entered: number[] = []
    const leaves = new Map<number, () => void>()
    const enter = (n: number): Promise<void> =>
      admission.enter(never).then((leave) => {
        entered.push(n)
        leaves.set(n, leave)
      })
    const waiting = [0, 1, 2, 3].map(enter)
    await Promise.all(waiting.slice(0, 2))
    expect(entered).toEqual([0, 1])
    await expect(admission.enter(never)).rejects.toMatchObject({ facts: { code: 'API_BUSY' } })
    leaves.get(1)!()
    leaves.get(1)!()
    await waiting[2]
    expect(entered).toEqual([0, 1, 2])
    leaves.get(0)!()
    await waiting[3]
    leaves.get(2)!()
    leaves.get(3)!()
    expect((await Promise.all([0, 1].map(() => admission.enter(never)))).length).toBe(2)
  })

  it('has no place for those who have gone while they waited', async () => {
    const admission = new Admission(1, 1)
    const leave = await admission.enter(never)
    const asker = new AbortController()
    const waiting = admission.enter(asker.signal)
    asker.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    await expect(admission.enter(asker.signal)).rejects.toThrow('gone')
    const next = admission.enter(never)
    leave()
    ;(await next)()
    ;(await admission.enter(never))()
  })
})
