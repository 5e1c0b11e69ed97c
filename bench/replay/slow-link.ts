import { join } from 'node:path'
import { startChild } from '../support/children.ts'

/** A way to a broker of a given rate, that can be cut. */
export interface SlowLink {
  /** The broker's URL by this way. */
  readonly url: string
  /** Ends all connections, and refuses new ones until it is opened. */
  cut(): void
  open(): void
  /** Bytes per second towards the client from here on. */
  rate(bytesPerS: number): void
  end(): Promise<void>
}

/** In a process of its own, so that nothing that is measured waits for it, or it for them. */
export async function startSlowLink(brokerPort: number, bytesPerS: number): Promise<SlowLink> {
  const program = join(import.meta.dirname, 'slow-link-child.js')
  const child = startChild('slow link', process.execPath, [program, '127.0.0.1', `${brokerPort}`, `${bytesPerS}`])
  const port = (await child.ready(/^(\d+)$/m))[1]
  return {
    url: `mqtt://127.0.0.1:${port}`,
    cut: () => child.tell('cut'),
    open: () => child.tell('open'),
    rate: (newBytesPerS) => child.tell(`rate ${newBytesPerS}`),
    end: () => child.end(),
  }
}
