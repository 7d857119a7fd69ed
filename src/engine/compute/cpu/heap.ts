// Places tensors in one shared WebAssembly memory, where every thread, every kernel and BLAS see the same addresses. Tensors
// that are large, or for which it has no room, are placed outside it (outside.ts).
import { bytesPerElement, type HostArray } from '../../dtype.ts'
import { EngineError } from '../../errors.ts'
import type { MemoryUse } from '../backend.ts'
import { bytesOf, type Tensor } from '../tensor.ts'
import { Allocator } from './allocator.ts'
import { heapStart } from './control.ts'
import { addressableBytes, isOutside, openOutside, type Outside } from './outside.ts'

const page = 65536
/** The memory grows in steps, so that many small tensors do not each ask the system. */
const growthBytes = 16 * 2 ** 20
/** Bytes inside that tensors leave free for the kernels' own use, where tensors can be placed outside. */
const kernelBytes = 512 * 2 ** 20
/** Tensors of at least so many bytes are outside: inside, freed ones would leave holes that the system does not get back. */
const largeBytes = 256 * 2 ** 20
/** Free spans of fewer bytes are not worth giving back to the system. */
const leastDiscard = 2 ** 20

const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`

export interface HeapOptions {
  /** Most bytes of all tensors together. */
  readonly maxBytes: number
  /** Least bytes of a tensor that is placed outside: with 0 every tensor is (tests), with Infinity none. */
  readonly largeBytes?: number
}

export async function openHeap(options: HeapOptions): Promise<Heap> {
  const initial = Math.ceil(heapStart / page)
  const memory = new WebAssembly.Memory({ initial, maximum: addressableBytes / page, shared: true })
  return new Heap(memory, options.largeBytes === Infinity ? null : await openOutside(memory), options)
}

export class Heap {
  readonly memory: WebAssembly.Memory
  readonly outside: Outside | null
  readonly #largeBytes: number
  readonly #limitBytes: number
  readonly #allocator = new Allocator(heapStart)
  /** Bytes of each tensor outside, by address. */
  readonly #mapped = new Map<number, number>()
  #mappedBytes = 0
  #peakBytes = 0
  #bytes: Uint8Array

  constructor(memory: WebAssembly.Memory, outside: Outside | null, options: HeapOptions) {
    this.memory = memory
    this.outside = outside
    this.#largeBytes = options.largeBytes ?? largeBytes
    this.#limitBytes = outside ? options.maxBytes : Math.min(options.maxBytes, addressableBytes)
    this.#bytes = new Uint8Array(this.memory.buffer)
    this.#allocator.extend(this.#bytes.length - heapStart)
  }

  /** Address of `bytes` undefined bytes inside, for kernels' own use; 64-byte aligned. */
  allocateInside(bytes: number): number {
    return this.#inside(bytes, addressableBytes) ?? this.#refuse(bytes)
  }

  /** Gives `body` the address of `bytes` undefined bytes inside, which are its own until it returns. */
  within<T>(bytes: number, body: (address: number) => T): T {
    const address = this.allocateInside(bytes)
    try {
      return body(address)
    } finally {
      this.release(address)
    }
  }

  /** Address of `bytes` undefined bytes, inside or outside; 64-byte aligned. */
  allocate(bytes: number): number {
    if (!this.outside) return this.allocateInside(bytes)
    if (bytes >= this.#largeBytes) return this.#map(this.outside, bytes)
    return this.#inside(bytes, addressableBytes - kernelBytes) ?? this.#map(this.outside, bytes)
  }

  release(address: number): void {
    const bytes = this.#mapped.get(address)
    if (bytes !== undefined) {
      this.#mapped.delete(address)
      this.#mappedBytes -= bytes
      this.outside?.unmap(address, bytes)
    } else if (!this.#allocator.give(address))
      throw new EngineError('internal', `internal: released memory at ${address} that is not allocated`)
  }

  /** Byte address of a tensor's first element. */
  addressOf(tensor: Tensor): number {
    if (!this.#mapped.has(tensor.buffer) && !this.#allocator.holds(tensor.buffer))
      throw new EngineError(
        'internal',
        `internal: a tensor of shape [${tensor.shape.join(', ')}] was used after release`,
      )
    return tensor.buffer + tensor.offset * bytesPerElement[tensor.dtype]
  }

  write(tensor: Tensor, data: HostArray): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    if (bytes.length !== bytesOf(tensor))
      throw new EngineError('internal', `internal: ${bytes.length} bytes written to a tensor of ${bytesOf(tensor)}`)
    const address = this.addressOf(tensor)
    if (isOutside(address)) this.outside?.write(address, bytes)
    else this.#bytes.set(bytes, address)
  }

  /** Copies a tensor's bytes to `data`. */
  read(tensor: Tensor, data: HostArray): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const address = this.addressOf(tensor)
    if (isOutside(address)) this.outside?.read(bytes, address)
    else bytes.set(this.#bytes.subarray(address, address + bytesOf(tensor)))
  }

  memoryUse(): MemoryUse {
    return { usedBytes: this.#usedBytes, peakBytes: this.#peakBytes, limitBytes: this.#limitBytes }
  }

  get #usedBytes(): number {
    return this.#allocator.usedBytes + this.#mappedBytes
  }

  /** Address of `bytes` bytes inside; null when there is no room below `end`. */
  #inside(bytes: number, end: number): number | null {
    const address = this.#allocator.take(bytes) ?? (this.#grow(bytes, end) ? this.#allocator.take(bytes) : null)
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes)
    return address
  }

  /** Grows the WebAssembly memory. Returns false if it would pass `end` or the limit, or if the system refuses. */
  #grow(bytes: number, end: number): boolean {
    const { top } = this.#allocator
    const missing = this.#allocator.shortfall(bytes)
    const available = Math.floor((Math.min(end, this.#limitBytes - this.#mappedBytes) - top) / page) * page
    if (missing > available) return false
    const pages = Math.ceil(Math.min(Math.max(missing, growthBytes), available) / page)
    try {
      this.memory.grow(pages)
    } catch {
      return false
    }
    this.#bytes = new Uint8Array(this.memory.buffer)
    this.outside?.preferLargePages(top, pages * page)
    this.#allocator.extend(pages * page)
    return true
  }

  #map(outside: Outside, bytes: number): number {
    const size = Math.max(bytes, 1)
    if (this.#usedBytes + size > this.#limitBytes) this.#refuse(bytes)
    // Free pages inside would otherwise stay in use beside the new mapping.
    for (const { start, end } of this.#allocator.freeSpans(leastDiscard)) outside.discard(start, end - start)
    const address = outside.map(size)
    if (address === 0) this.#refuse(bytes)
    outside.preferLargePages(address, size)
    this.#mapped.set(address, size)
    this.#mappedBytes += size
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes)
    return address
  }

  #refuse(bytes: number): never {
    const limit = this.outside ? '' : ' (its memory ends at 4 GiB on this system)'
    throw new EngineError(
      'out-of-memory',
      `the CPU backend has no room for ${mib(bytes)} more: ${mib(this.#usedBytes)} of at most ` +
        `${mib(this.#limitBytes)} are in use${limit}; use a smaller --memory, batch_size or seq_len`,
    )
  }
}
