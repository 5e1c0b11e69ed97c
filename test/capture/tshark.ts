import { execFileSync } from 'node:child_process'

/** One field as tshark prints it in PDML. `value` is the bytes it was read from, as hex. */
export interface PrintedField {
  readonly name: string
  readonly show: string
  readonly showname: string
  readonly value: string
}

/** Every C37.118 frame of a capture, as tshark dissects it, in the order of the packets that complete them. */
export function dissect(path: string, options: readonly string[] = []): PrintedField[][] {
  const pdml = execFileSync('tshark', ['-r', path, '-T', 'pdml', '-Y', 'synphasor', ...options], {
    encoding: 'utf8',
    maxBuffer: 1 << 29,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return [...pdml.matchAll(/<proto name="synphasor".*?<\/proto>/gs)].map(([proto]) =>
    [...proto.matchAll(/<field (.*?)\/?>\n/g)].map(([, attributes]) => fieldOf(attributes!)),
  )
}

function fieldOf(attributes: string): PrintedField {
  const found = new Map([...attributes.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, text]) => [name!, unescaped(text!)]))
  const get = (name: string): string => found.get(name) ?? ''
  return { name: get('name'), show: get('show'), showname: get('showname'), value: get('value') }
}

const entities: Readonly<Record<string, string>> = { quot: '"', lt: '<', gt: '>', amp: '&' }

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]+)|(\w+));/gi, (_, code?: string, name?: string) =>
    code === undefined ? (entities[name!] ?? '') : String.fromCodePoint(Number.parseInt(code, 16)),
  )
}
