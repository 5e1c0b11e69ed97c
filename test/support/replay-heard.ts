import { RecoveryError, type ReplayClient } from '../../src/recovery/index.ts'

/** Asks until the node hears: its subscription, or a bridge's, may be a moment later than it. */
export async function heard(client: ReplayClient, stream: string, nodeId: string): Promise<void> {
  for (;;) {
    const error = await client
      .pull(`${stream}-none`, nodeId, { fromUs: 0, toUs: 1, maxBytes: 65_536 }, AbortSignal.timeout(500))
      .catch((reason: unknown) => reason)
    if (error instanceof RecoveryError && error.code === 'RECOVERY_REFUSED') return
  }
}
