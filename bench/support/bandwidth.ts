// How fast this machine reads memory from end to end, and nothing else: the C library's memchr for a byte that is not there.
import koffi from 'koffi'

const bytes = 2 ** 29
/** Linux's advice for large pages, as tensors have them (compute/cpu/outside.ts). */
const hugePage = 14

const library = koffi.load(null)
const memchr = library.func('void *memchr(uintptr_t at, int byte, size_t n)')
const madvise = library.func('int madvise(uintptr_t at, size_t n, int advice)')
const mmap = library.func('intptr_t mmap(uintptr_t at, size_t n, int protection, int flags, int file, int64_t offset)')
const memset = library.func('void *memset(uintptr_t at, int byte, size_t n)')

let at = 0

function area(): number {
  if (at > 0) return at
  at = mmap(0, bytes, 3, 0x22, -1, 0) as number
  madvise(at, bytes, hugePage)
  memset(at, 1, bytes)
  return at
}

/** Bytes a second of all threads together, the best of a few times; each reads a part of its own. */
export async function readBandwidth(threads: number, times = 5): Promise<number> {
  const start = area()
  const each = bytes / threads
  let best = 0
  for (let i = 0; i < times; i++) {
    const begun = performance.now()
    await Promise.all(Array.from({ length: threads }, (_, part) => readPart(start + part * each, each)))
    best = Math.max(best, (1000 * bytes) / (performance.now() - begun))
  }
  return best
}

function readPart(from: number, length: number): Promise<void> {
  return new Promise((resolve, reject) => {
    memchr.async(from, 2, length, (error: unknown) => (error ? reject(error as Error) : resolve()))
  })
}
