import type { JournalEvent, StreamMoment } from './journal-event.ts'

/** The reason while no process kept the journal. */
export const ADAPTER_DOWN = 'adapter-down'

/** Of a stream that the journal never had. */
export const nothingKnown: StreamMoment = {
  online: false,
  run: null,
  offline: [],
  crashWindowToUs: null,
  originUs: null,
}

/** How things stand after an event. */
export function momentAfter(moment: StreamMoment, event: JournalEvent): StreamMoment {
  switch (event.event) {
    case 'segment':
    case 'sealed':
      return event.moment
    case 'session-began':
      return online(moment, event.firstUs)
    case 'time-stepped':
      return online(moment, event.nextUs)
    case 'session-ended':
      return offline(moment, event, event.reason)
    case 'offline':
      return { ...moment, offline: [...moment.offline, { atUs: event.atUs, reason: event.reason }] }
    case 'stopped':
      return offline(moment, event, ADAPTER_DOWN)
    case 'unclean-stop':
      return { ...offline(moment, event, ADAPTER_DOWN), crashWindowToUs: event.crashWindowToUs }
    case 'configuration':
    case 'unusable':
    case 'write-failed':
    case 'damaged':
      return moment
  }
}

const online = (moment: StreamMoment, firstUs: number): StreamMoment => ({
  online: true,
  run: { firstUs, lastUs: firstUs },
  offline: [],
  crashWindowToUs: null,
  originUs: moment.originUs ?? firstUs,
})

function offline(
  moment: StreamMoment,
  { atUs, firstUs, lastUs }: { readonly atUs: number; readonly firstUs: number | null; readonly lastUs: number | null },
  reason: string,
): StreamMoment {
  const run = firstUs !== null && lastUs !== null ? { firstUs, lastUs } : moment.run
  return { ...moment, online: false, run, offline: [...moment.offline, { atUs, reason }] }
}
