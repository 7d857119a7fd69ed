// The command block: a few words at the start of the shared memory through which the calling thread hands work to the
// pool. One command is in flight at a time; its chunks are claimed one by one with compare-and-exchange.
//
// The claim word holds (generation << 12 | next chunk). A thread that reads it as (g, next) with next < chunks knows
// that generation g is unfinished, so its arguments stay as they are; when the exchange succeeds, the chunk is its own.
// Before the arguments are rewritten the claim word is closed (next = 4095), so a late thread cannot succeed. Commands that follow
// each other without the caller are a program (replay.ts).
import { chunkRange, headWords, mostArgs, readCommand, writeEntry, type Command } from './entry.ts'

/** Wasm's static data is below; the caller's stack is not in linear memory. */
const controlStart = 65536
export const heapStart = 2 * 65536

export const maxChunks = 4095

// Words on cache lines of their own: they are written by all threads.
const claim = 0
const done = 16
const signal = 32
const stop = 48
/** 1 when a worker ended that was not told to: the chunk it had is never done. */
const lost = 49
/** Bytes of the error message of a failed chunk; 0 = none, −1 = being written. */
const messageLength = 80

const spinMs = 0.3
const pauseMs = 1000

export type ExecuteChunk = (
  command: Command,
  args: ArrayLike<number>,
  start: number,
  end: number,
  chunk: number,
) => void

export class Control {
  /** Address of the block. */
  readonly start = controlStart
  readonly #state: Int32Array
  readonly #message: Uint8Array
  /** The command at hand: read by all, written while the claim word is closed. */
  readonly #entry: Float64Array
  readonly #args: Float64Array

  constructor(memory: WebAssembly.Memory) {
    const { buffer } = memory
    this.#state = new Int32Array(buffer, controlStart, 128)
    this.#entry = new Float64Array(buffer, controlStart + 1024, headWords + mostArgs)
    this.#args = this.#entry.subarray(headWords)
    this.#message = new Uint8Array(buffer, controlStart + 2048, 2048)
  }

  /** Caller: opens a command. */
  publish(next: Command, args: readonly number[]): void {
    const generation = this.#shut()
    writeEntry(this.#entry, 0, next, args)
    this.#open(generation)
  }

  /** Any thread: executes chunks until none is left to claim. */
  work(execute: ExecuteChunk): void {
    const state = this.#state
    for (;;) {
      const seen = Atomics.load(state, claim)
      const chunk = seen & 4095
      const next = readCommand(this.#entry, 0)
      if (chunk >= next.chunks) return
      if (Atomics.compareExchange(state, claim, seen, seen + 1) !== seen) continue
      const [start, end] = chunkRange(next, chunk)
      try {
        execute(next, this.#args, start, end, chunk)
      } catch (error) {
        this.fail(error)
      }
      if (Atomics.add(state, done, 1) + 1 === next.chunks) Atomics.notify(state, done)
    }
  }

  /** Caller: waits for the chunks that others claimed. False when a worker is lost or nothing moved for `stallMs`. */
  finish(chunks: number, stallMs: number): boolean {
    const state = this.#state
    let last = Atomics.load(state, done)
    while (last < chunks) {
      if (!this.#await(done, last, stallMs)) return false
      last = Atomics.load(state, done)
    }
    return true
  }

  /** Worker: works until `halt`; `join` is called whenever the caller has called. */
  serve(execute: ExecuteChunk, join: () => void): void {
    const state = this.#state
    while (Atomics.load(state, stop) === 0) {
      const seen = Atomics.load(state, signal)
      this.work(execute)
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

  /** Calls the workers. */
  wake(): void {
    Atomics.add(this.#state, signal, 1)
    Atomics.notify(this.#state, signal)
  }

  get halted(): boolean {
    return Atomics.load(this.#state, stop) === 1
  }

  /** Whether a worker ended that was not told to. */
  get lost(): boolean {
    return Atomics.load(this.#state, lost) === 1
  }

  /** Worker: says that it ends without having been told to. */
  leave(): void {
    Atomics.store(this.#state, lost, 1)
    for (const word of [done, signal]) Atomics.notify(this.#state, word)
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

  /** Closes the claim word, so that the command may be rewritten; returns the next generation. */
  #shut(): number {
    const generation = (Atomics.load(this.#state, claim) + 4096) & ~4095
    Atomics.store(this.#state, claim, generation | maxChunks)
    return generation
  }

  #open(generation: number): void {
    const state = this.#state
    Atomics.store(state, done, 0)
    Atomics.store(state, claim, generation)
    this.wake()
  }

  /** Caller: until a word is no longer `seen`. False when a worker is lost or it stays so for `stallMs`. */
  #await(word: number, seen: number, stallMs: number): boolean {
    const state = this.#state
    const since = performance.now()
    const spinEnd = since + spinMs
    while (Atomics.load(state, word) === seen) {
      const now = performance.now()
      if (now > spinEnd) Atomics.wait(state, word, seen, pauseMs)
      if (Atomics.load(state, word) !== seen) break
      if (Atomics.load(state, lost) > 0 || now - since > stallMs) return false
    }
    return true
  }
}
