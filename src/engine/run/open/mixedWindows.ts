// Windows of several files in turns, so that every stretch of them has as much of each.
import { realpath } from 'node:fs/promises'
import { EngineError } from '../../errors.ts'
import { evenShare } from '../../../recipe/dataFiles.ts'
import { requireRoom, padRows, type Windows } from '../../text/windows.ts'

/**
 * `samples` windows in equal parts from the files: the first window of each, then the second of each, and so on.
 * `load`: so many windows of a file, all of the same length. @throws EngineError 'usage' for a file that is named twice.
 */
export async function mixedWindows(
  files: readonly string[],
  { samples, seqLen }: { samples: number; seqLen: number },
  load: (path: string, samples: number) => Promise<Windows>,
): Promise<Windows> {
  if (files.length === 1) return load(files[0], samples)
  await refuseRepeats(files)
  requireRoom(samples, seqLen, files.join(', '))
  const parts: Int32Array[][] = []
  for (const [i, path] of files.entries()) parts.push(rowsOf(await load(path, evenShare(samples, files.length, i))))
  const rows = Array.from({ length: samples }, (_, r) => parts[r % files.length][Math.floor(r / files.length)])
  return padRows(rows, seqLen)
}

/** A file under two names, as through a link, would give the same windows twice. */
async function refuseRepeats(files: readonly string[]): Promise<void> {
  const places = await Promise.all(files.map((path) => realpath(path).catch(() => path)))
  const at = places.findIndex((place, i) => places.indexOf(place) < i)
  if (at >= 0)
    throw new EngineError(
      'usage',
      `${files[places.indexOf(places[at])]} and ${files[at]} are one file: name each file once`,
    )
}

/** Each window without its padding. */
function rowsOf({ ids, mask, windows, seqLen }: Windows): Int32Array[] {
  return Array.from({ length: windows }, (_, w) => {
    const end = (w + 1) * seqLen
    const length = mask?.subarray(w * seqLen, end).reduce((a, b) => a + b, 0) ?? seqLen
    return ids.subarray(w * seqLen, w * seqLen + length)
  })
}
