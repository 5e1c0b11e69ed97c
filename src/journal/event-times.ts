import type { JournalEvent, StreamMoment } from './journal-event.ts'

/** The times of frames that an event is about: what it says of time without frames lies between the first and the last. */
export function timesOf(event: JournalEvent): number[] {
  switch (event.event) {
    case 'segment':
      // What its run showed before is the matter of earlier segments.
      return event.moment.run ? [event.moment.run.lastUs] : []
    case 'sealed':
      return timesOfRun(event.moment.run)
    case 'session-began':
      return [event.firstUs]
    case 'time-stepped':
      return [event.firstUs, event.lastUs, event.nextUs]
    case 'session-ended':
    case 'stopped':
    case 'unclean-stop':
      return [event.firstUs, event.lastUs].filter((us) => us !== null)
    case 'unusable':
    case 'write-failed':
    case 'damaged':
      return [event.fromUs, event.toUs]
    case 'configuration':
    case 'offline':
      return []
  }
}

export const timesOfRun = (run: StreamMoment['run']): number[] => (run ? [run.firstUs, run.lastUs] : [])
