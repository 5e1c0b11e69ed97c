/** Whose namespaces and folders are whose, so that a later run can clear away what a killed one left. */
import { readFileSync } from 'node:fs'

const prefix = 'phasorbus-lab'

/** A process by its id and its start in clock ticks since boot: ids are used again, the pair is not. */
export interface Owner {
  readonly pid: number
  readonly startTicks: number
}

export const thisProcess: Owner = { pid: process.pid, startTicks: startTicksOf(process.pid) ?? 0 }

/** The first part of every name that belongs to one lab of this process. */
export const labName = (number: number, { pid, startTicks }: Owner = thisProcess): string =>
  `${prefix}-${pid}-${startTicks}-${number}`

/** The owner of a namespace or a folder; undefined where the name is not one of a lab. */
export function ownerOf(name: string): Owner | undefined {
  const found = /^phasorbus-lab-(\d+)-(\d+)-\d+/.exec(name)
  return found ? { pid: Number(found[1]), startTicks: Number(found[2]) } : undefined
}

export const isAlive = ({ pid, startTicks }: Owner): boolean => startTicksOf(pid) === startTicks

/** Field 22 of /proc/PID/stat; undefined when there is no such process. */
function startTicksOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return undefined // it has ended
  }
}
