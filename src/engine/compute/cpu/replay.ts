// A program is a list of commands in shared memory that run in sequence without the caller: one command, or all of a token
// (recorder.ts). The threads that take part claim chunks of the current command. The thread that finishes the last chunk runs the
// commands after it that have a single chunk, and opens the next one that has several.
//
// The position word holds (command << 12 | chunks that are not claimed yet). A claim replaces the word by one less (compare and
// exchange). From then on the program cannot proceed without the claimed chunk, so a thread reads the command only after its
// claim, however late it is. Threads wait by spinning on the word for a short while, and then sleep, since the thread that they
// wait for may need their processor.
import { type Control, controlStart, type ExecuteChunk } from './control.ts'
import { chunkRange, type Command, headWords, mostArgs, readArgs, readCommand, writeEntry } from './entry.ts'

/** Where a program is: entries of equal size from `address` on. */
export interface ProgramPlace {
  readonly address: number
  readonly entryWords: number
  readonly entries: number
}

/** Byte offsets after the words of `Control`: of the entry for a command that runs alone, and of the words below. */
const [commandAt, wordsAt] = [1024, 4096]
/** Indices of words, each on a cache line of its own, and the number of words. */
const [position, done, sleepers, words] = [0, 16, 32, 48]
/** Value of the position word while there is no program. */
const closed = -1
/** Chunks and entries that the position word can count. */
export const [maxChunks, mostEntries] = [4095, 2 ** 19]

/** Reads of the word between two reads of the clock. */
const looks = 200
/** Milliseconds of spinning before sleep: in a program, and in a single command, after which the caller runs the next at once. */
const [spinMs, commandSpinMs] = [0.1, 0.3]
const pauseMs = 50

export class Replay {
  readonly #memory: WebAssembly.Memory
  readonly #control: Control
  readonly #thread: number
  readonly #execute: ExecuteChunk
  /** Milliseconds after which a wait is given up. */
  readonly #stallMs: number
  readonly #state: Int32Array
  /** Address, words of an entry, entries, and how many threads take part. */
  readonly #place: Float64Array
  readonly #command: ProgramPlace
  readonly #commandWords: Float64Array
  /** The program at hand as this thread sees it. */
  #entryWords = 0
  #entries: Float64Array = new Float64Array(0)

  constructor(memory: WebAssembly.Memory, control: Control, thread: number, execute: ExecuteChunk, stallMs = Infinity) {
    const start = controlStart + wordsAt
    this.#memory = memory
    this.#control = control
    this.#thread = thread
    this.#execute = execute
    this.#stallMs = stallMs
    this.#state = new Int32Array(memory.buffer, start, words)
    this.#place = new Float64Array(memory.buffer, start + 4 * words, 4)
    this.#command = { address: controlStart + commandAt, entryWords: headWords + mostArgs, entries: 1 }
    this.#commandWords = new Float64Array(memory.buffer, this.#command.address, this.#command.entryWords)
    if (thread === 0) Atomics.store(this.#state, position, closed)
  }

  /**
   * Caller: runs a program with `threads − 1` workers. Returns false if a worker is lost or nothing happens for `stallMs`. With
   * one thread, each command runs as a single chunk, so no command may depend on how it is cut.
   */
  run(place: ProgramPlace, threads: number): boolean {
    if (threads > 1) return this.#share(place, threads)
    this.#show(place, threads)
    for (let i = 0; i < place.entries; i++) this.#run(i, 0, 1)
    return true
  }

  /** Caller: runs one command in the same way, but with one thread, too, chunk by chunk. */
  runCommand(command: Command, args: readonly number[], threads: number): boolean {
    writeEntry(this.#commandWords, 0, command, args)
    return this.#share(this.#command, threads)
  }

  #show({ address, entryWords, entries }: ProgramPlace, threads: number): void {
    this.#place.set([address, entryWords, entries, threads])
    this.#look()
  }

  #share(place: ProgramPlace, threads: number): boolean {
    this.#show(place, threads)
    this.#openFrom(0)
    this.#control.wake()
    if (this.#follow()) return true
    Atomics.store(this.#state, position, closed)
    return false
  }

  /** Worker: takes part in the open program, if there is one, until it ends. */
  join(): void {
    if (Atomics.load(this.#state, position) !== closed && this.#thread < this.#place[3]) this.#follow()
  }

  #follow(): boolean {
    const state = this.#state
    for (;;) {
      const seen = Atomics.load(state, position)
      if (seen === closed) return true
      const left = seen & maxChunks
      if (left === 0) {
        // Only the caller needs to know when the last command is done.
        if (this.#thread > 0 && seen >> 12 === this.#place[2] - 1) return true
        if (!this.#await(seen)) return false
      } else if (Atomics.compareExchange(state, position, seen, seen - 1) === seen) {
        this.#claimed(seen >> 12, left)
      }
    }
  }

  #claimed(index: number, left: number): void {
    this.#look()
    const chunks = this.#chunks(index)
    this.#run(index, chunks - left, chunks)
    if (Atomics.add(this.#state, done, 1) + 1 === chunks) this.#openFrom(index + 1)
  }

  /** Called by the thread that finished a command: it runs what follows until there is a command to share, and opens that. */
  #openFrom(index: number): void {
    const state = this.#state
    const entries = this.#place[2]
    let next = index
    for (; next < entries && this.#chunks(next) === 1; next++) this.#run(next, 0, 1)
    Atomics.store(state, done, 0)
    Atomics.store(state, position, next < entries ? (next << 12) | this.#chunks(next) : closed)
    if (Atomics.load(state, sleepers) > 0) Atomics.notify(state, position)
  }

  #run(index: number, chunk: number, chunks: number): void {
    const at = index * this.#entryWords
    const command = readCommand(this.#entries, at)
    const [start, end] = chunks === 1 ? [0, command.total] : chunkRange(command, chunk)
    try {
      this.#execute(command, readArgs(this.#entries, at), start, end, chunk)
    } catch (error) {
      this.#control.fail(error)
    }
  }

  #chunks(index: number): number {
    return this.#entries[index * this.#entryWords + 1]
  }

  /** Makes a view of the current program, unless the last one fits: all tokens of a text run the same program. */
  #look(): void {
    // Destructuring would iterate over the words, which takes as long as a claim.
    const [address, entryWords, entries] = [this.#place[0], this.#place[1], this.#place[2]]
    const { byteOffset, length } = this.#entries
    if (address === byteOffset && entryWords === this.#entryWords && length === entries * entryWords) return
    this.#entryWords = entryWords
    this.#entries = new Float64Array(this.#memory.buffer, address, entries * entryWords)
  }

  /** Waits until the position is no longer `seen`. Returns false if a worker is lost, the pool halts or the wait takes too long. */
  #await(seen: number): boolean {
    const state = this.#state
    const since = performance.now()
    for (;;) {
      for (let i = 0; i < looks; i++) if (Atomics.load(state, position) !== seen) return true
      const now = performance.now()
      if (now - since < (this.#place[2] === 1 ? commandSpinMs : spinMs)) continue
      Atomics.add(state, sleepers, 1)
      Atomics.wait(state, position, seen, pauseMs)
      Atomics.sub(state, sleepers, 1)
      if (Atomics.load(state, position) !== seen) return true
      if (this.#control.lost || this.#control.halted || now - since > this.#stallMs) return false
    }
  }
}
