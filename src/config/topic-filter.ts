import { isTopicLevel } from './words.ts'

/** A stream topic, or a filter over stream topics as MQTT has them: `+` is one level, a last `#` is all below. */
export function isTopicFilter(text: string): boolean {
  const levels = text.split('/')
  return levels.every((level, i) => level === '+' || (level === '#' && i === levels.length - 1) || isTopicLevel(level))
}

/** `PMU/765` and `PDC/+` mean a stream of the site they stand in; everything else is whole. */
export function absoluteFilter(filter: string, siteTopic: string): string {
  return /^(PMU|PDC)(\/|$)/.test(filter) ? `${siteTopic}/${filter}` : filter
}

/** Whether an MQTT filter takes a topic. `a/#` takes `a` as well, as MQTT says. */
export function filterMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/')
  const has = topic.split('/')
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true
    if (i >= has.length || (level !== '+' && level !== has[i])) return false
  }
  return wanted.length === has.length
}

export const isExactTopic = (filter: string): boolean => !/[+#]/.test(filter)
