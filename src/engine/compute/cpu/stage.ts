// A thread's staging area in the WebAssembly memory: panels of tensors that are outside this memory are copied here for the
// kernels. Tensors inside the memory are used in place.
import type { Wasm } from '../../readWasm.ts'
import { isOutside, type Outside } from './outside.ts'

/** The way in which a kernel uses a panel. */
export type Use = 'in' | 'out' | 'inout'

interface WriteBack {
  readonly near: number
  readonly far: number
  readonly rows: number
  readonly bytes: number
  readonly pitch: number
}

/** Panels begin at cache lines. */
const align = (bytes: number) => Math.ceil(bytes / 64) * 64

export class Stage {
  readonly #outside: Outside | null
  readonly #wasm: Wasm
  #next = 0
  #end = 0
  #pending: WriteBack[] = []

  constructor(outside: Outside | null, wasm: Wasm) {
    this.#outside = outside
    this.#wasm = wasm
  }

  /** Begins a chunk: panels are placed in [start, end), which is empty if no tensor of the command is outside. */
  open(start: number, end: number): void {
    this.#next = start
    this.#end = end
    this.#pending = []
  }

  get freeBytes(): number {
    return this.#end - this.#next
  }

  /** Address inside of `bytes` bytes, valid until they are flushed: `address` itself if it is inside. */
  bytes(use: Use, address: number, bytes: number): number {
    return isOutside(address) ? this.pack(use, address, 1, bytes, bytes) : address
  }

  /** Address inside and leading dimension of rows, which are packed if they were outside. `bytes`: size of an element. */
  rows(use: Use, address: number, rows: number, columns: number, ld: number, bytes = 4): [address: number, ld: number] {
    return isOutside(address) ? [this.pack(use, address, rows, bytes * columns, bytes * ld), columns] : [address, ld]
  }

  /** Like `bytes`, for rows `pitch` bytes apart, which are packed even when they are inside already. */
  pack(use: Use, far: number, rows: number, bytes: number, pitch: number): number {
    const near = this.take(rows * bytes)
    if (use !== 'out') this.copyRows(near, bytes, far, pitch, rows, bytes)
    if (use !== 'in') this.#pending.push({ near, far, rows, bytes, pitch })
    return near
  }

  /** Address of `bytes` undefined bytes of the stage. */
  take(bytes: number): number {
    const near = this.#next
    this.#next += align(bytes)
    if (this.#next > this.#end)
      throw new Error(`internal: ${bytes} bytes do not fit a stage of which ${this.#end - near} are left`)
    return near
  }

  /** A copy of `count` i32 at an address, inside or outside. */
  readInts(address: number, count: number): Int32Array {
    const ints = new Int32Array(count)
    this.#outside?.read(new Uint8Array(ints.buffer), address)
    return ints
  }

  /** Returns a mark for `flush`: panels taken before it stay. */
  mark(): number {
    return this.#next
  }

  /** Writes back what kernels have written, and frees the panels taken since `mark`. */
  flush(mark: number): void {
    while (this.#pending.length > 0 && this.#pending[this.#pending.length - 1].near >= mark) {
      const back = this.#pending.pop()
      if (back) this.copyRows(back.far, back.pitch, back.near, back.bytes, back.rows, back.bytes)
    }
    this.#next = mark
  }

  /** Copies rows between any addresses; pitches are in bytes, and may be 0 or negative. */
  copyRows(to: number, toPitch: number, from: number, fromPitch: number, rows: number, bytes: number): void {
    if (!isOutside(to) && !isOutside(from)) return void this.#wasm.copyRows(to, toPitch, from, fromPitch, rows, bytes)
    if (toPitch === bytes && fromPitch === bytes) return this.#outside?.copy(to, from, rows * bytes)
    for (let row = 0; row < rows; row++) this.#outside?.copy(to + row * toPitch, from + row * fromPitch, bytes)
  }
}
