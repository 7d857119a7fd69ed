// Fingerprints of source files as they were when a run began: a hash of the content, and a stamp by which an untouched
// file is known again without reading it.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { readError } from '../../../system/diskErrors.ts'
import { openRegular } from '../../checkpoint/regularFile.ts'
import { EngineError, throwIfCancelled } from '../../errors.ts'

export interface Fingerprint {
  readonly bytes: number
  readonly sha256: string
  /** Device, inode, size and times. Another stamp may be another content, or only a touch or a copy. */
  readonly stamp: string
  /** When the stamp was taken, ms since 1970. */
  readonly seen: number
}

const chunkBytes = 4 * 2 ** 20

/** Reads the whole file. @throws EngineError, 'bad-data' when somebody writes to it meanwhile. */
export async function fingerprint(path: string, signal?: AbortSignal): Promise<Fingerprint> {
  try {
    const file = await openRegular(path, 'bad-data')
    try {
      const seen = Date.now()
      const before = await file.stat({ bigint: true })
      const hash = createHash('sha256')
      const chunk = Buffer.alloc(Math.min(chunkBytes, Number(before.size) + 1))
      for (let bytesRead = -1; bytesRead !== 0;) {
        throwIfCancelled(signal)
        bytesRead = (await file.read(chunk, 0, chunk.length)).bytesRead
        hash.update(chunk.subarray(0, bytesRead))
      }
      const stamp = stampOf(before)
      if (stampOf(await file.stat({ bigint: true })) !== stamp)
        throw new EngineError('bad-data', `${path} is being written to; wait for it, or give a copy`)
      return { bytes: Number(before.size), sha256: hash.digest('hex'), stamp, seen }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw readError(error, path)
  }
}

/** The file's fingerprint if its content is still that of `old`, else null. Reads it only where the stamp leaves doubt. */
export async function recognise(path: string, old: Fingerprint, signal?: AbortSignal): Promise<Fingerprint | null> {
  const facts = await stat(path, { bigint: true }).catch(() => null)
  if (!facts) return null
  if (stampOf(facts) === old.stamp && isSettled(facts, old)) return old
  if (Number(facts.size) !== old.bytes) return null
  const now = await fingerprint(path, signal)
  return now.sha256 === old.sha256 ? now : null
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/** File systems count time in steps, so a change right after the stamp was taken may not show in it. */
const stepMs = 2000

function isSettled({ ctimeMs }: BigIntStats, { seen }: Fingerprint): boolean {
  return Number(ctimeMs) < seen - stepMs
}
