// The kind of a file as messages name it.
import type { Stats } from 'node:fs'

export function kindOf(facts: Stats): string {
  if (facts.isSymbolicLink()) return 'a symbolic link'
  if (facts.isDirectory()) return 'a folder'
  if (facts.isFIFO()) return 'a named pipe'
  if (facts.isSocket()) return 'a socket'
  return facts.isFile() ? 'a file' : 'a device'
}
