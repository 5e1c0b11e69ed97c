/** What can be striking about a stream, in the order in which it is offered. */
export const eventKinds = [
  'trigger',
  'sync-lost',
  'data-error',
  'absent',
  'configuration',
  'appeared',
  'gap',
  'conflict',
  'revision',
] as const
export type EventKind = (typeof eventKinds)[number]
