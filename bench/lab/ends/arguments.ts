/** What a program of the lab is started with: one JSON object, as its only argument. */
export const argumentsOf = <T>(): T => JSON.parse(process.argv[2] ?? 'null') as T

/** Said when the program can be used. */
export const readyLine = 'ready'
