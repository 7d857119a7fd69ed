// The command block: a few words at the start of the shared memory through which the calling thread hands work to the
// pool. One command is in flight at a time; its chunks are claimed one by one with compare-and-exchange.
//
// The claim word holds (generation << 12 | next chunk). A thread that reads it as (g, next) with next < chunks knows
// that generation g is unfinished, so its arguments stay as they are; when the exchange succeeds, the chunk is its own.
// Before the caller rewrites the arguments it closes the claim word (next = 4095), so a late thread cannot succeed.

/** Wasm's static data lies below; the caller's stack is not in linear memory. */
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
/** Read by all, written by the caller while the claim word is closed. */
const command = 64
/** Bytes of the error message of a failed chunk; 0 = none, −1 = being written. */
const messageLength = 80

const spinMs = 0.3
const pauseMs = 1000

export interface Command {
  task: number
  chunks: number
  /** Items of the whole command, e.g. rows. */
  total: number
  /** Chunks begin at multiples of this many items. */
  unit: number
  scratchStart: number
  /** Bytes from one thread's scratch to the next. */
  scratchStride: number
  /** Of a thread's scratch, what lies from here to its end is its stage. */
  stageOffset: number
}

export type ExecuteChunk = (command: Command, start: number, end: number, chunk: number) => void

export class Control {
  readonly args: Float64Array
  readonly #state: Int32Array
  readonly #message: Uint8Array
  readonly #command: Float64Array

  constructor(memory: WebAssembly.Memory) {
    const { buffer } = memory
    this.#state = new Int32Array(buffer, controlStart, 128)
    this.#command = new Float64Array(buffer, controlStart + 4 * command, 7)
    this.args = new Float64Array(buffer, controlStart + 1024, 64)
    this.#message = new Uint8Array(buffer, controlStart + 2048, 2048)
  }

  /** Caller: opens a command; `args` are set while it is closed. */
  publish(next: Command, args: readonly number[]): void {
    const state = this.#state
    const generation = (Atomics.load(state, claim) + 4096) & ~4095
    Atomics.store(state, claim, generation | maxChunks)
    const c = this.#command
    c[0] = next.task
    c[1] = next.chunks
    c[2] = next.total
    c[3] = next.unit
    c[4] = next.scratchStart
    c[5] = next.scratchStride
    c[6] = next.stageOffset
    for (let i = 0; i < args.length; i++) this.args[i] = args[i]
    Atomics.store(state, done, 0)
    Atomics.store(state, claim, generation)
    Atomics.add(state, signal, 1)
    Atomics.notify(state, signal)
  }

  /** Any thread: executes chunks until none is left to claim. */
  work(execute: ExecuteChunk): void {
    const state = this.#state
    for (;;) {
      const seen = Atomics.load(state, claim)
      const chunk = seen & 4095
      const next = this.#read()
      if (chunk >= next.chunks) return
      if (Atomics.compareExchange(state, claim, seen, seen + 1) !== seen) continue
      const units = Math.ceil(next.total / next.unit)
      const start = Math.floor((units * chunk) / next.chunks) * next.unit
      const end = Math.min(next.total, Math.floor((units * (chunk + 1)) / next.chunks) * next.unit)
      try {
        execute(next, start, end, chunk)
      } catch (error) {
        this.fail(error)
      }
      if (Atomics.add(state, done, 1) + 1 === next.chunks) Atomics.notify(state, done)
    }
  }

  /** Caller: waits for the chunks that others claimed. False when a worker is lost or nothing moved for `stallMs`. */
  finish(chunks: number, stallMs: number): boolean {
    const state = this.#state
    const spinEnd = performance.now() + spinMs
    let last = Atomics.load(state, done)
    let idleSince = performance.now()
    while (last < chunks) {
      if (performance.now() > spinEnd) Atomics.wait(state, done, last, pauseMs)
      const now = Atomics.load(state, done)
      if (now !== last) idleSince = performance.now()
      else if (Atomics.load(state, lost) > 0 || performance.now() - idleSince > stallMs) return false
      last = now
    }
    return true
  }

  /** Worker: works until `halt`. */
  serve(execute: ExecuteChunk): void {
    const state = this.#state
    while (Atomics.load(state, stop) === 0) {
      const seen = Atomics.load(state, signal)
      this.work(execute)
      const spinEnd = performance.now() + spinMs
      while (Atomics.load(state, signal) === seen && performance.now() < spinEnd);
      if (Atomics.load(state, stop) === 0) Atomics.wait(state, signal, seen)
    }
  }

  /** Ends `serve` in every worker. */
  halt(): void {
    Atomics.store(this.#state, stop, 1)
    Atomics.add(this.#state, signal, 1)
    Atomics.notify(this.#state, signal)
  }

  get halted(): boolean {
    return Atomics.load(this.#state, stop) === 1
  }

  /** Worker: says that it ends without having been told to. */
  leave(): void {
    Atomics.store(this.#state, lost, 1)
    Atomics.notify(this.#state, done)
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

  #read(): Command {
    const c = this.#command
    const [scratchStart, scratchStride, stageOffset] = [c[4], c[5], c[6]]
    return { task: c[0], chunks: c[1], total: c[2], unit: c[3], scratchStart, scratchStride, stageOffset }
  }
}
