// Words at the start of the shared memory, by which the calling thread wakes its workers and receives their errors. The workers
// then run a program (replay.ts).
import type { Command } from './entry.ts'

/** Wasm's static data is below; the caller's stack is not in linear memory. */
export const controlStart = 65536
export const heapStart = 2 * 65536

/** Indices of words; `signal`, on which workers wait, has a cache line of its own. */
const [signal, stop] = [0, 16]
/** 1 once a worker has ended without being told to: its chunk will never be done. */
const lost = 17
/** Bytes of the error message of a failed chunk; 0 = none, −1 = being written. */
const messageLength = 18

const spinMs = 0.3

export type ExecuteChunk = (
  command: Command,
  args: readonly number[],
  start: number,
  end: number,
  chunk: number,
) => void

export class Control {
  readonly #state: Int32Array
  readonly #message: Uint8Array

  constructor(memory: WebAssembly.Memory) {
    const { buffer } = memory
    this.#state = new Int32Array(buffer, controlStart, 32)
    this.#message = new Uint8Array(buffer, controlStart + 2048, 2048)
  }

  /** Worker: calls `join` each time that the caller wakes it, until `halt`. */
  serve(join: () => void): void {
    const state = this.#state
    while (Atomics.load(state, stop) === 0) {
      const seen = Atomics.load(state, signal)
      join()
      const spinEnd = performance.now() + spinMs
      while (Atomics.load(state, signal) === seen && performance.now() < spinEnd);
      if (Atomics.load(state, stop) === 0) Atomics.wait(state, signal, seen)
    }
  }

  /** Ends `serve` in every worker. */
  halt(): void {
    Atomics.store(this.#state, stop, 1)
    this.wake()
  }

  /** Wakes the workers. */
  wake(): void {
    Atomics.add(this.#state, signal, 1)
    Atomics.notify(this.#state, signal)
  }

  get halted(): boolean {
    return Atomics.load(this.#state, stop) === 1
  }

  /** Whether a worker has ended without being told to. */
  get lost(): boolean {
    return Atomics.load(this.#state, lost) === 1
  }

  /** Worker: notes that it ends without being told to. */
  leave(): void {
    Atomics.store(this.#state, lost, 1)
  }

  /** Keeps the first error of a command for the caller. */
  fail(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const bytes = new TextEncoder().encode(text).subarray(0, this.#message.length)
    if (Atomics.compareExchange(this.#state, messageLength, 0, -1) !== 0) return
    this.#message.set(bytes)
    Atomics.store(this.#state, messageLength, bytes.length)
  }

  /** The error of the last command, or null; forgets it. */
  takeFailure(): string | null {
    const length = Atomics.load(this.#state, messageLength)
    if (length <= 0) return null
    const text = new TextDecoder().decode(this.#message.slice(0, length))
    Atomics.store(this.#state, messageLength, 0)
    return text
  }
}
