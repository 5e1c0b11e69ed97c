import Table from 'cli-table3'

/** Columns without lines between them, as `ps` and `df` print. Numbers stand to the right. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  options: { readonly right?: readonly number[]; readonly indent?: string } = {},
): string[] {
  const { right = [], indent = '' } = options
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (right.includes(column) ? 'right' : 'left')),
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) table.push([...row])
  return table
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => indent + line.trimEnd())
}
