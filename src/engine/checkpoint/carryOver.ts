// Copies the files of a model folder that are not weights: config, tokenizer, generation settings, licence, code.
import { chmod, copyFile, lstat, open, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isCacheBlob, isInside } from './locate.ts'

const weights =
  /\.(safetensors|safetensors\.index\.json|bin|bin\.index\.json|pt|pth|ckpt|pkl|h5|msgpack|onnx|gguf|npz)$/i
/** Files that every run writes itself. */
const ours = new Set(['sparsescope.json', 'sparsescope.mask'])

/**
 * Copies them into `target` and returns the names of links that were left behind because they leave the folder.
 * Sub-folders hold other formats' weights and earlier outputs; hidden files belong to git and to runs.
 */
export async function carryOver(folder: string, target: string): Promise<string[]> {
  const { carried, left } = await filesBesideWeights(folder)
  for (const { name } of carried) {
    const copy = join(target, name)
    await copyFile(join(folder, name), copy)
    // Like every file of a result it is flushed to the disk before the folder gets its name, and it may be written over until then.
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
      // The configuration was read through its link already, as one of a model.
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
