/** What `/metrics` says: the sum of a family over all labels. */
export async function scrape(url: string): Promise<{ sum(name: string): number }> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  const text = await response.text()
  return {
    sum(name) {
      let total = 0
      for (const [, labelled, value] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{[^\n]*\})? (\S+)$/gm)) {
        if (labelled === name) total += Number(value)
      }
      return total
    },
  }
}
