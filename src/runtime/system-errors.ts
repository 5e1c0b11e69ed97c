/** An error of the operating system, as Node hands it on. */
export interface SystemError extends Error {
  readonly code: string
  readonly syscall?: string
  readonly path?: string
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
}

export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}

/** One line that says what, where and why, and one that says what to do. */
export function explainSystemError(error: SystemError): { message: string; hint?: string } {
  const listens = error.syscall === 'listen' || error.syscall === 'bind'
  return explainReason(error.code, placeOf(error), listens)
}

/** The same for the code of a system error where the error itself is gone. `where`: HOST:PORT or a path. */
export function explainReason(code: string, where: string, listens = false): { message: string; hint?: string } {
  switch (code) {
    case 'EADDRINUSE':
      return {
        message: `cannot listen on ${where}: another program uses this port`,
        hint: `see which one with \`ss -lntup 'sport = :${where.replace(/^.*:/, '')}'\`, or choose another port`,
      }
    case 'EADDRNOTAVAIL':
      return {
        message: `cannot use ${where}: this machine has no such address`,
        hint: 'list its addresses with `ip address`; 0.0.0.0 stands for all of them',
      }
    case 'EACCES':
    case 'EPERM':
      return listens
        ? {
            message: `cannot listen on ${where}: permission denied`,
            hint: 'ports below 1024 need the capability CAP_NET_BIND_SERVICE; choose a higher one or grant it',
          }
        : { message: `cannot open ${where}: permission denied`, hint: 'check its owner and mode with `ls -l`' }
    case 'ECONNREFUSED':
      return {
        message: `${where} refused the connection: nothing listens there`,
        hint: 'check address and port, and that the device or broker runs',
      }
    case 'ECONNRESET':
      return {
        message: `${where} closed the connection`,
        hint: 'it may serve one client only, or not know this IDCODE',
      }
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return {
        message: `${where} cannot be reached (${code})`,
        hint: 'check the address, the route (`ip route get ADDRESS`) and firewalls on the way',
      }
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        message: `no address is known for the host name ${where}`,
        hint: 'check its spelling and DNS',
      }
    case 'ENOENT':
      return { message: `cannot open ${where}: there is no such file or directory` }
    case 'EISDIR':
      return { message: `cannot read ${where}: it is a directory, not a file` }
    case 'ENOTDIR':
      return { message: `cannot open ${where}: a part of its path is not a directory` }
    case 'EMFILE':
    case 'ENFILE':
      return {
        message: `cannot ${listens ? 'listen on' : 'open'} ${where}: this process has as many files and connections open as it may (${code})`,
        hint: 'see `ulimit -n`, and raise it',
      }
    case 'ENOSPC':
      return { message: `cannot write ${where}: the disk is full` }
    default:
      return { message: `${where}: ${code}` }
  }
}

function placeOf({ path, address, port, hostname, syscall }: SystemError): string {
  if (path !== undefined) return path
  const host = address ?? hostname
  if (host !== undefined) return port === undefined ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`
  return syscall ?? 'the operating system'
}
