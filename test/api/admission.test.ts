import { describe, expect, it } from 'vitest'
import { Admission } from '../../src/api/admission.ts'
import { Places } from '../../src/api/places.ts'

const signal = new AbortController().signal
const one = { address: '192.0.2.1', signal }
const other = { address: '192.0.2.2', signal }

describe('admission', () => {
  it('lets in as many as it says, others in their order as these leave, and turns away the rest', async () => {
    const admission = new Admission({ atOnce: 2, mostWaiting: 8 })
    const entered: number[] = []
    const leaves = new Map<number, () => void>()
    const enter = (n: number): Promise<void> =>
      admission.enter(one).then((leave) => {
        entered.push(n)
        leaves.set(n, leave)
      })
    const waiting = [0, 1, 2, 3].map(enter)
    await Promise.all(waiting.slice(0, 2))
    expect(entered).toEqual([0, 1])
    await expect(admission.enter(one)).rejects.toMatchObject({ facts: { code: 'API_BUSY' } })
    leaves.get(1)!()
    leaves.get(1)!()
    await waiting[2]
    expect(entered).toEqual([0, 1, 2])
    leaves.get(0)!()
    await waiting[3]
    leaves.get(2)!()
    leaves.get(3)!()
    expect((await Promise.all([0, 1].map(() => admission.enter(one)))).length).toBe(2)
  })

  it('has no place for those who have gone while they waited', async () => {
    const admission = new Admission({ atOnce: 1, mostWaiting: 4 })
    const leave = await admission.enter(one)
    const asker = new AbortController()
    const waiting = admission.enter({ ...one, signal: asker.signal })
    asker.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    await expect(admission.enter({ ...one, signal: asker.signal })).rejects.toThrow('gone')
    const next = admission.enter(one)
    leave()
    ;(await next)()
    ;(await admission.enter(one))()
  })

  it('lets in of those who wait whoever has the least going on', async () => {
    const admission = new Admission({ atOnce: 2, mostWaiting: 12 })
    const leaves = await Promise.all([admission.enter(one), admission.enter(one)])
    const entered: string[] = []
    const waiting = [one, one, other].map(async (asker) => {
      const leave = await admission.enter(asker)
      entered.push(asker.address)
      return leave
    })
    leaves[0]!()
    ;(await waiting[2]!)()
    await Promise.all(waiting.slice(0, 1))
    expect(entered).toEqual([other.address, one.address])
  })

  it('keeps places for others, to be in and to wait', async () => {
    const admission = new Admission({ atOnce: 2, ofOne: 1, mostWaiting: 4 })
    const leave = await admission.enter(one)
    const waiting = admission.enter(one)
    await expect(admission.enter(one)).rejects.toMatchObject({ facts: { code: 'API_BUSY' } })
    const leaveOther = await admission.enter(other)
    const waitingOther = admission.enter(other)
    leave()
    ;(await waiting)()
    leaveOther()
    ;(await waitingOther)()
    expect(await Promise.all([admission.enter(one), admission.enter(other)])).toHaveLength(2)
  })
})

describe('the places of an API', () => {
  it.each(['quick', 'reads', 'exports'] as const)('are never all of one address: %s', async (which) => {
    const places = new Places()[which]
    for (let n = 0; n < 4; n++) void places.enter(one)
    ;(await places.enter(other))()
  })
})
