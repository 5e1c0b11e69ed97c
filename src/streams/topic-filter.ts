/** MQTT topic filters, restricted to levels that every broker takes. */

import { ContractError } from './contract-error.ts'
import { isTopicLevel } from './topic.ts'

/** Refuses what a broker would refuse, or read in its own way; returns the filter. */
export function checkFilter(filter: string): string {
  const levels = filter.split('/')
  for (const [index, level] of levels.entries()) {
    if (level === '+' || isTopicLevel(level)) continue
    if (level === '#' && index === levels.length - 1) continue
    const problem =
      level === '#' ? '# may only be the last level' : `level "${level}" is neither +, # nor 1 to 64 of A-Z a-z 0-9 _ -`
    throw new ContractError({ code: 'FILTER_INVALID', filter, problem }, `filter "${filter}": ${problem}`)
  }
  return filter
}

export const hasWildcard = (filter: string): boolean => filter.includes('+') || filter.includes('#')

/** As MQTT has it: `a/#` matches `a` too, and no leading wildcard matches a `$` topic. */
export function matchesFilter(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false
  const wanted = filter.split('/')
  const levels = topic.split('/')
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true
    if (index >= levels.length) return false
    if (level !== '+' && level !== levels[index]) return false
  }
  return wanted.length === levels.length
}

/** Whether any topic matches both. Brokers differ in how often they deliver such a message to one connection. */
export function filtersOverlap(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')]
  for (let index = 0; ; index++) {
    const [x, y] = [a[index], b[index]]
    if (x === '#' || y === '#') return true
    if (x === undefined || y === undefined) {
      // `a/#` matches `a` itself.
      return x === y || (a[index] ?? b[index]) === '#'
    }
    if (x !== y && x !== '+' && y !== '+') return false
  }
}
