import { retainedTopics, stateTopic } from '../streams/index.ts'
import type { Bus } from './bus.ts'

/** Nothing: MQTT's way to clear a retained message. */
const EMPTY = new Uint8Array(0)
const RETRY_MS = 100

/** Clears all that may be retained of a stream, with the states of these nodes, so that no ghost joins a PDC. */
export function retireStream(stream: string, nodeIds: readonly string[], bus: Bus): void {
  clearRetained([...retainedTopics(stream), ...nodeIds.map((nodeId) => stateTopic(stream, nodeId))], bus)
}

/** Goes on over reconnects until the broker has taken it all. */
export function clearRetained(topics: readonly string[], bus: Bus): void {
  const open = new Set(topics)
  let forget: (() => void) | undefined

  const clear = (): void => {
    for (const topic of open) {
      const taken = (error?: Error): void => {
        if (!error) open.delete(topic)
        if (open.size === 0) forget?.()
      }
      if (bus.publish(topic, EMPTY, { qos: 1, retain: true }, taken)) continue
      if (bus.connected) setTimeout(clear, RETRY_MS).unref()
      return
    }
  }
  forget = bus.onConnect(clear)
  if (open.size === 0) forget()
}
