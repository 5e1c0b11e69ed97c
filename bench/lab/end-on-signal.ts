/** A bench that is interrupted leaves in order: a lab is taken down when its process exits, not when it is killed. */
export function endOnSignal(): void {
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
}
