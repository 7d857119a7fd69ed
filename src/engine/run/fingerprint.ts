// What a source file looked like when a run began: enough to notice that it has changed, at the same small cost for
// files of any size.
import { createHash } from 'node:crypto'
import { readError } from '../checkpoint/diskErrors.ts'
import { openRegular } from '../checkpoint/regularFile.ts'

export interface Fingerprint {
  readonly path: string
  readonly bytes: number
  readonly modified: number
  /** SHA-256 over the size, the first MiB and 64 evenly spread samples of 64 KiB: the whole of a small file. */
  readonly sampled: string
}

const head = 2 ** 20
const samples = 64
const sampleBytes = 2 ** 16

/** @throws EngineError 'not-found' or 'disk'. */
export async function fingerprint(path: string): Promise<Fingerprint> {
  try {
    const file = await openRegular(path, 'bad-data')
    try {
      const { size, mtimeMs } = await file.stat()
      const hash = createHash('sha256').update(`${size}\n`)
      const add = async (start: number, bytes: number) => {
        const buffer = Buffer.alloc(Math.min(bytes, Math.max(0, size - start)))
        const { bytesRead } = await file.read(buffer, 0, buffer.length, start)
        hash.update(buffer.subarray(0, bytesRead))
      }
      if (size <= head + samples * sampleBytes) await add(0, size)
      else {
        await add(0, head)
        const step = (size - head - sampleBytes) / (samples - 1)
        for (let i = 0; i < samples; i++) await add(Math.floor(head + i * step), sampleBytes)
      }
      return { path, bytes: size, modified: mtimeMs, sampled: hash.digest('hex') }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw readError(error, path)
  }
}

/** Paths whose file is no longer what it was, by size, time or contents. */
export async function changedSources(before: readonly Fingerprint[]): Promise<string[]> {
  const changed: string[] = []
  for (const old of before) {
    const now = await fingerprint(old.path)
    if (now.bytes !== old.bytes || now.modified !== old.modified || now.sampled !== old.sampled) changed.push(old.path)
  }
  return changed
}
