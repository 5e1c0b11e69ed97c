/** What `/metrics` says: the sum of a family over all labels, or over those series that have this one. */
export async function scrape(url: string): Promise<{ sum(name: string, label?: string): number }> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  const text = await response.text()
  return {
    sum(name, label = '') {
      let total = 0
      for (const [, labelled, labels = '', value] of text.matchAll(/^([a-zA-Z_:][\w:]*)(\{[^\n]*\})? (\S+)$/gm)) {
        if (labelled === name && labels.includes(label)) total += Number(value)
      }
      return total
    },
  }
}
