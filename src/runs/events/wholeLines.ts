// How much of a file of lines can be trusted after a power failure, which may cut its end off or leave NUL bytes there.
import { fstatSync, readSync } from 'node:fs'

const chunkBytes = 2 ** 20
const newline = 10

/** Bytes of the whole lines among the first `bytes` of an open file: `bytes` itself where nothing is wrong. */
export function wholeLineBytes(descriptor: number, bytes: number): number {
  const end = Math.min(bytes, fstatSync(descriptor).size)
  let whole = 0
  for (let start = 0; start < end; start += chunkBytes) {
    const chunk = Buffer.alloc(Math.min(chunkBytes, end - start))
    const found = chunk.subarray(0, readSync(descriptor, chunk, 0, chunk.length, start))
    const nul = found.indexOf(0)
    const last = found.subarray(0, nul < 0 ? found.length : nul).lastIndexOf(newline)
    if (last >= 0) whole = start + last + 1
    if (nul >= 0 || found.length < chunk.length) break
  }
  return whole
}
