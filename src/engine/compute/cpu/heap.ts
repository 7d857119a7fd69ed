// All tensors live in one shared WebAssembly memory: every thread, every kernel and BLAS see the same addresses.
import { bytesPerElement, type HostArray } from '../../dtype.ts'
import { EngineError } from '../../errors.ts'
import type { MemoryUse } from '../backend.ts'
import { bytesOf, type Tensor } from '../tensor.ts'
import { Allocator } from './allocator.ts'
import { heapStart } from './control.ts'

const page = 65536
/** WebAssembly's 32-bit addresses end here. */
const addressableBytes = 65536 * page
/** Grow in steps, so that many small tensors do not each ask the system. */
const growthBytes = 16 * 2 ** 20

const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`

export class Heap {
  readonly memory: WebAssembly.Memory
  readonly #allocator = new Allocator(heapStart)
  readonly #limitBytes: number
  #bytes: Uint8Array

  constructor(maxBytes: number = addressableBytes) {
    this.#limitBytes = Math.floor(Math.min(maxBytes, addressableBytes) / page) * page
    const initial = Math.ceil(heapStart / page)
    this.memory = new WebAssembly.Memory({ initial, maximum: addressableBytes / page, shared: true })
    this.#bytes = new Uint8Array(this.memory.buffer)
    this.#allocator.extend(this.#bytes.length - heapStart)
  }

  /** Address of `bytes` undefined bytes, 64-byte aligned. */
  allocate(bytes: number): number {
    const address = this.#allocator.take(bytes)
    if (address !== null) return address
    this.#grow(bytes)
    return this.allocate(bytes)
  }

  release(address: number): void {
    if (!this.#allocator.give(address))
      throw new EngineError('internal', `internal: released memory at ${address} that is not allocated`)
  }

  /** Byte address of a tensor's first element. */
  addressOf(tensor: Tensor): number {
    if (!this.#allocator.holds(tensor.buffer))
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
    this.#bytes.set(bytes, this.addressOf(tensor))
  }

  /** The bytes of a tensor, in place: valid until the memory grows. */
  bytesOf(tensor: Tensor): Uint8Array {
    const address = this.addressOf(tensor)
    return this.#bytes.subarray(address, address + bytesOf(tensor))
  }

  memoryUse(): MemoryUse {
    const { usedBytes, peakBytes } = this.#allocator
    return { usedBytes, peakBytes, limitBytes: this.#limitBytes }
  }

  #grow(bytes: number): void {
    const missing = this.#allocator.shortfall(bytes)
    const available = this.#limitBytes - this.#allocator.top
    if (missing > available) throw this.#outOfMemory(bytes, 'its limit is reached')
    const wanted = Math.min(Math.max(missing, growthBytes), available)
    const pages = Math.ceil(wanted / page)
    try {
      this.memory.grow(pages)
    } catch {
      throw this.#outOfMemory(bytes, 'the system gives no more')
    }
    this.#bytes = new Uint8Array(this.memory.buffer)
    this.#allocator.extend(pages * page)
  }

  #outOfMemory(bytes: number, why: string): EngineError {
    const { usedBytes } = this.#allocator
    return new EngineError(
      'out-of-memory',
      `the CPU backend has no room for ${mib(bytes)} more: ${mib(usedBytes)} of at most ${mib(this.#limitBytes)} are in ` +
        `use and ${why} (its memory ends at 4 GiB); use a smaller --memory, batch_size or seq_len`,
    )
  }
}
