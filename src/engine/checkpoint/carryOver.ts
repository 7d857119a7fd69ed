// Copies the files of a model folder that are not weights: config, tokenizer, generation settings, licence, code.
import { chmod, copyFile, lstat, open, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isCacheBlob, isInside } from './locate.ts'

const weights =
  /\.(safetensors|safetensors\.index\.json|bin|bin\.index\.json|pt|pth|ckpt|pkl|h5|msgpack|onnx|gguf|npz)$/i
/** Files that every run writes itself. */
const ours = new Set(['sparsescope.json', 'sparsescope.mask'])

/**
 * Copies these files into `target` and returns the names of links that were left behind because they lead out of the folder.
 * Not copied: sub-folders, which hold other formats' weights and earlier outputs, and hidden files, which belong to git and to runs.
 */
export async function carryOver(folder: string, target: string): Promise<string[]> {
  const { carried, left } = await filesBesideWeights(folder)
  for (const { name } of carried) {
    const copy = join(target, name)
    await copyFile(join(folder, name), copy)
    // The copy is made writable: it is flushed to the disk below, and the writer may replace it before the folder gets its name.
    await chmod(copy, (await stat(copy)).mode | 0o200)
    const handle = await open(copy, 'r+')
    await handle.sync()
    await handle.close()
  }
  return left
}

/** Bytes of the files that `carryOver` would copy. */
export async function bytesToCarryOver(folder: string): Promise<number> {
  const { carried } = await filesBesideWeights(folder)
  return carried.reduce((sum, { bytes }) => sum + bytes, 0)
}

async function filesBesideWeights(folder: string) {
  const carried: { name: string; bytes: number }[] = []
  const left: string[] = []
  const home = await realpath(folder)
  for (const name of await readdir(folder)) {
    if (name.startsWith('.') || weights.test(name) || ours.has(name)) continue
    const path = join(folder, name)
    let facts = await lstat(path)
    if (facts.isSymbolicLink()) {
      const real = await realpath(path).catch(() => null)
      // config.json was already read through its link when the model was opened, so it is copied wherever the link leads.
      const isOurs = name === 'config.json' || (real !== null && (isInside(real, home) || isCacheBlob(real, home)))
      if (real === null || !isOurs) {
        left.push(name)
        continue
      }
      facts = await lstat(real)
    }
    if (facts.isFile()) carried.push({ name, bytes: facts.size })
  }
  return { carried, left }
}

/** Small files that say how to read a model: its configuration and its tokenizer. */
const companions =
  /^(?:config|generation_config|special_tokens_map|added_tokens|merges|(?:tokenizer|vocab|chat_template).*)\.(?:json|txt|model|jinja)$/

export function isCompanion(name: string): boolean {
  return companions.test(name)
}
