// Memory outside WebAssembly's: for tensors that its 4 GiB have no room for. Mapped from the system and given back to it
// at once (a SharedArrayBuffer would wait for the garbage collector), and read by BLAS in place. Kernels in
// WebAssembly see panels of it, copied in and out by memcpy (stage.ts).
//
// An address below 2^32 is an offset in the WebAssembly memory; from there on it is a pointer of the process.
import type { LibraryHandle } from 'koffi'

/** WebAssembly's 32-bit addresses end here. */
export const addressableBytes = 2 ** 32

export const isOutside = (address: number): boolean => address >= addressableBytes

/** Makes the pointer for a library from an address, in the shared memory at `base` or outside it. */
export function bindPointer(base: bigint): (address: number) => number {
  const start = Number(base)
  return (address) => (isOutside(address) ? address : start + address)
}

export interface Outside {
  /** Pointer to zeroed bytes; 0 when the system gives none. */
  map(bytes: number): number
  unmap(pointer: number, bytes: number): void
  /** Asks for large pages for memory that will be read from end to end: weights are then streamed a fifth faster. */
  preferLargePages(address: number, bytes: number): void
  /** Gives the pages of free WebAssembly memory back until they are touched again. */
  discard(address: number, bytes: number): void
  /** memcpy between any two addresses. */
  copy(to: number, from: number, bytes: number): void
  write(to: number, from: Uint8Array): void
  read(to: Uint8Array, from: number): void
}

const [readWrite, privateAnonymous] = [3, process.platform === 'darwin' ? 0x1002 : 0x22]
const [dontNeed, hugePage] = [4, 14]
const page = 65536

/** mmap and memcpy of the C library, or null where there is none to call (Windows). */
export async function openOutside(memory: WebAssembly.Memory): Promise<Outside | null> {
  if (process.platform !== 'linux' && process.platform !== 'darwin') return null
  try {
    const { default: koffi } = await import('koffi')
    return bind(koffi.load(null), bindPointer(koffi.address(new Uint8Array(memory.buffer))))
  } catch {
    return null
  }
}

function bind(library: LibraryHandle, pointer: (address: number) => number): Outside {
  const mmap = library.func(
    'intptr_t mmap(uintptr_t at, size_t n, int protection, int flags, int file, int64_t offset)',
  )
  const munmap = library.func('int munmap(uintptr_t at, size_t n)')
  const madvise = library.func('int madvise(uintptr_t at, size_t n, int advice)')
  const memcpy = library.func('void memcpy(uintptr_t to, uintptr_t from, size_t n)')
  const memcpyIn = library.func('void memcpy(uintptr_t to, const void *from, size_t n)')
  const memcpyOut = library.func('void memcpy(void *to, uintptr_t from, size_t n)')
  return {
    map: (bytes) => Math.max(0, mmap(0, bytes, readWrite, privateAnonymous, -1, 0) as number),
    preferLargePages(address, bytes) {
      // Elsewhere the number means something else.
      if (process.platform === 'linux') madvise(pointer(address), bytes, hugePage)
    },
    unmap: (at, bytes) => void munmap(at, bytes),
    discard(address, bytes) {
      // Elsewhere the advice does not free anything.
      if (process.platform !== 'linux') return
      const start = Math.ceil(address / page) * page
      const end = Math.floor((address + bytes) / page) * page
      if (end > start) madvise(pointer(start), end - start, dontNeed)
    },
    copy: (to, from, bytes) => void memcpy(pointer(to), pointer(from), bytes),
    write: (to, from) => void memcpyIn(pointer(to), from, from.byteLength),
    read: (to, from) => void memcpyOut(to, pointer(from), to.byteLength),
  }
}
