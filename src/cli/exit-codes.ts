/** What the process's exit code says. A script may rely on these; `phasorbus help exit-codes` prints them. */
export const ExitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  dataLost: 3,
  interrupted: 130,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

export const exitCodesHelp = `Exit codes of phasorbus

    0  done, or a service that was stopped by SIGINT or SIGTERM and closed everything
    1  failed: standard error says what, where, and what to do
    2  a mistake on the command line or in a configuration file; nothing was started
    3  it ran to its end, but data were lost or damaged (decode, connect, demo,
       status, journal)
  130  stopped by a second signal before everything was closed
`
