/**
 * Reasons in words: why a timestamp is not held, a stream or a node offline. The
 * reasons themselves, which programs and metrics know, never change.
 */
const words: ReadonlyMap<string, string> = new Map([
  // Not received: why no adapter had a session with the PMU, or could not use what came.
  ['adapter-down', 'the PMU-adapter did not run'],
  ['before-journal', 'before the first record'],
  ['unusable', 'what came could not be used'],
  ['bad-checksum', 'what came had a wrong checksum'],
  ['other-size', 'what came had another size than the configuration says'],
  ['not-captured', 'the capture does not have it'],
  ['LINK_CONNECT_FAILED', 'no connection to the PMU'],
  ['LINK_CLOSED_BY_PEER', 'the PMU closed the connection'],
  ['LINK_FAILED', 'the connection to the PMU failed'],
  ['LINK_NO_CONFIGURATION', 'the PMU answered with no configuration; another IDCODE?'],
  ['LINK_UNDESCRIBED', 'the PMU did not follow its configuration'],
  ['LINK_SILENT', 'the PMU sent nothing'],
  ['LINK_ENDED', 'the capture was at its end'],
  ['LINK_SAVED_CONFIGURATION_BAD', 'the saved configuration could not be used'],
  ['LINK_LISTEN_FAILED', 'the port for the PMU could not be had'],
  ['LINK_STOPPED', 'the PMU-adapter was stopped'],
  // Lost at the journal.
  ['crash-window', 'killed before it was written'],
  ['write-failed', 'the disk could not be written'],
  ['damaged', 'the record is damaged'],
  ['expired', 'older than the journal keeps'],
  // Lost at the consumer.
  ['no-recovery', 'this consumer asks for nothing'],
  ['live-only', 'this consumer takes no late frames'],
  ['too-late', 'its place in the order had gone'],
  ['other-configuration', 'of a configuration that is no longer in force'],
  ['no-journal', 'no journal is known of'],
  ['no-answer', 'no journal answered'],
  ['too-many-gaps', 'too many gaps'],
  ['session', 'the broker dropped it'],
  ['session-forgotten', 'the broker forgot the session'],
  ['unknown', 'for no known reason'],
  ['other', 'for other reasons'],
  // Outside the accounts.
  ['stale', 'too old when it came'],
  ['future', 'ahead of the clock'],
  ['off-slot', 'beside DATA_RATE'],
  ['no-grid', 'no DATA_RATE is known'],
])

/** A reason that is not known stays as it is: journals of others say what they will. */
export const reasonWords = (reason: string): string => words.get(reason) ?? reason
