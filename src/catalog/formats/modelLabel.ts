// The short name of a model where its path would be too long.

import { isWeights } from './checkpointFormats.ts'

const usualFile = /^(pytorch_)?model(-\d{5}-of-\d{5})?\.(safetensors|bin)(\.index\.json)?$/

/**
 * `path`: a folder, or a weights file or index in it. The folder's name; a file with a name of its own keeps it; a snapshot
 * of the Hugging Face cache, whose folder is a hash, is called as its repository.
 */
export function modelLabel(path: string): string {
  const parts = path.split(/[\\/]/).filter((part) => part !== '')
  const last = parts.at(-1) ?? path
  if (isWeights(last)) {
    if (!usualFile.test(last) || parts.length === 1) return last
    parts.pop()
  }
  return repositoryOf(parts) ?? parts.at(-1) ?? path
}

/** …/models--org--name/snapshots/HASH: org/name. */
function repositoryOf(parts: readonly string[]): string | null {
  const [home, snapshots] = parts.slice(-3)
  return snapshots === 'snapshots' && home?.startsWith('models--') && parts.length >= 3
    ? home.slice('models--'.length).replace('--', '/')
    : null
}
