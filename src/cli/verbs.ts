import type { Command } from 'commander'

/** One verb of the command line. Its code is loaded when it is asked for: `--help` must be quick. */
export interface Verb {
  readonly name: string
  /** As in the list that `phasorbus --help` prints. */
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** In the order in which a new user meets them. */
export const verbs: readonly Verb[] = [
  {
    name: 'demo',
    summary: 'see it work: a simulated grid through the whole line, checked byte for byte',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  {
    name: 'connect',
    summary: 'try a PMU: dialogue, configuration, live phasors, wiring doubts',
    load: async () => (await import('./connect.ts')).connectCommand(),
  },
  {
    name: 'run',
    summary: 'run what a grid.yaml describes, on this machine',
    load: async () => (await import('./run.ts')).runCommand(),
  },
  {
    name: 'check',
    summary: 'check a grid.yaml: every problem at once, by line',
    load: async () => (await import('./check.ts')).checkCommand(),
  },
  {
    name: 'tap',
    summary: 'watch streams on the bus, decoded',
    load: async () => (await import('./tap.ts')).tapCommand(),
  },
  {
    name: 'status',
    summary: 'what runs, and what became of every timestamp',
    load: async () => (await import('./status.ts')).statusCommand(),
  },
  {
    name: 'decode',
    summary: 'decode a capture: pcap, pcapng, raw frames, PmuCapture',
    load: async () => (await import('./decode.ts')).decodeCommand(),
  },
  {
    name: 'journal',
    summary: 'look into journals: what is kept, whether it is whole, get it out',
    load: async () => (await import('./journal.ts')).journalCommand(),
  },
  {
    name: 'query',
    summary: 'ask a historian: streams, channels, values over a time',
    load: async () => (await import('./query.ts')).queryCommand(),
  },
  {
    name: 'export',
    summary: 'get what a historian has of a stream into a file: frames, CSV, Parquet, COMTRADE',
    load: async () => (await import('./export.ts')).exportCommand(),
  },
  {
    name: 'import',
    summary: 'bring captures and CSV into the store of a historian',
    load: async () => (await import('./import.ts')).importCommand(),
  },
  {
    name: 'replay',
    summary: 'play a capture as PMUs that PDCs can connect to',
    load: async () => (await import('./replay.ts')).replayCommand(),
  },
  {
    name: 'simulate',
    summary: 'simulate a feeder with PMUs that PDCs can connect to',
    load: async () => (await import('./simulate.ts')).simulateCommand(),
  },
]
