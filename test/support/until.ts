/** Looks every few milliseconds until it is so; the test's own time limit is the bound. For what gives no event. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5))
}
