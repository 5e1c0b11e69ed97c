/**
 * A file system that remembers every change in its order, so that a test can
 * put a folder into the state of any moment: as a process killed then leaves
 * it, or as a power cut does.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type JournalFiles, systemFiles } from '../../../src/journal/index.ts'

export type Change =
  | { readonly what: 'create' | 'unlink' | 'folder'; readonly path: string }
  | { readonly what: 'write'; readonly path: string; readonly position: number; readonly bytes: Buffer }
  | { readonly what: 'truncate'; readonly path: string; readonly length: number }
  | { readonly what: 'sync'; readonly path: string }

export interface RecordedFiles extends JournalFiles {
  /** Paths below the root. */
  readonly changes: readonly Change[]
}

export function recordFiles(root: string, below: JournalFiles = systemFiles): RecordedFiles {
  const changes: Change[] = []
  const paths = new Map<number, string>()
  const name = (path: string): string => relative(root, path)
  const pathOf = (fd: number): string => paths.get(fd)!
  return {
    ...below,
    changes,
    async open(path, write) {
      const isNew = write && !existsSync(path)
      const fd = await below.open(path, write)
      if (isNew) changes.push({ what: 'create', path: name(path) })
      paths.set(fd, name(path))
      return fd
    },
    async writev(fd, parts, position) {
      const bytes = Buffer.concat(parts)
      const path = pathOf(fd)
      const written = await below.writev(fd, parts, position)
      changes.push({ what: 'write', path, position, bytes: bytes.subarray(0, written) })
      return written
    },
    writeSync(fd, bytes, length, position) {
      const written = below.writeSync(fd, bytes, length, position)
      changes.push({ what: 'write', path: pathOf(fd), position, bytes: Buffer.from(bytes.subarray(0, written)) })
      return written
    },
    async truncate(fd, length) {
      await below.truncate(fd, length)
      changes.push({ what: 'truncate', path: pathOf(fd), length })
    },
    async sync(fd) {
      const path = pathOf(fd)
      await below.sync(fd)
      changes.push({ what: 'sync', path })
    },
    async unlink(path) {
      await below.unlink(path)
      changes.push({ what: 'unlink', path: name(path) })
    },
    async makeFolder(path) {
      const made = await below.makeFolder(path)
      changes.push({ what: 'folder', path: name(path) })
      return made
    },
  }
}

/** Files by path. */
export type Tree = ReadonlyMap<string, Buffer>

/** What a process killed after `count` changes leaves, the last of them being written up to `bytes` of it. */
export function treeAfter(changes: readonly Change[], count: number, bytes = Number.POSITIVE_INFINITY): Tree {
  const tree = new Map<string, Buffer>()
  for (const [i, change] of changes.slice(0, count).entries()) {
    apply(tree, change, i === count - 1 ? bytes : Number.POSITIVE_INFINITY)
  }
  return tree
}

/** What a power cut after `count` changes leaves at least: of each file what was synced, zeros where it was longer. */
export function treeAfterPowerCut(changes: readonly Change[], count: number): Tree {
  const [now, synced] = [new Map<string, Buffer>(), new Map<string, Buffer>()]
  const named = new Set<string>()
  for (const change of changes.slice(0, count)) {
    apply(now, change)
    if (change.what === 'unlink') {
      // The name may still be there: what it named was not needed any more.
      synced.delete(change.path)
    } else if (change.what === 'sync') {
      const file = now.get(change.path)
      if (file) synced.set(change.path, Buffer.from(file))
      else for (const path of now.keys()) if (dirname(path) === (change.path || '.')) named.add(path)
    }
  }
  const left = new Map<string, Buffer>()
  for (const [path, file] of now) {
    if (!named.has(path)) continue
    const all = Buffer.alloc(file.length)
    synced.get(path)?.copy(all)
    left.set(path, all)
  }
  return left
}

function apply(tree: Map<string, Buffer>, change: Change, limit = Number.POSITIVE_INFINITY): void {
  switch (change.what) {
    case 'create':
      tree.set(change.path, Buffer.alloc(0))
      break
    case 'unlink':
      tree.delete(change.path)
      break
    case 'write': {
      const bytes = change.bytes.subarray(0, Math.min(limit, change.bytes.length))
      const before = tree.get(change.path) ?? Buffer.alloc(0)
      const after = Buffer.alloc(Math.max(before.length, change.position + bytes.length))
      before.copy(after)
      bytes.copy(after, change.position)
      tree.set(change.path, after)
      break
    }
    case 'truncate': {
      const before = tree.get(change.path) ?? Buffer.alloc(0)
      const after = Buffer.alloc(change.length)
      before.copy(after)
      tree.set(change.path, after)
      break
    }
    case 'folder':
    case 'sync':
      break
  }
}

export function writeTree(root: string, tree: Tree): void {
  for (const [path, bytes] of tree) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), bytes)
  }
}

/** As a process that is killed now leaves it. */
export function copyTree(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    if (/^journal.*lock/.test(name)) continue
    const [source, target] = [join(from, name), join(to, name)]
    if (statSync(source).isDirectory()) {
      mkdirSync(target, { recursive: true })
      copyTree(source, target)
    } else {
      copyFileSync(source, target)
    }
  }
}
