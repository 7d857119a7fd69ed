// A program is a list of commands in shared memory that follow each other without the caller: one command, or all of a token
// (recorder.ts). All threads that take part claim chunks of the command at hand where it lies; whoever finishes its last chunk runs those
// behind it that are not worth sharing, and opens the next.
//
// The position word holds (command << 12 | chunks that nobody has claimed). A claim is an exchange of that word for one less:
// from then on the program cannot go on without the claimed chunk, so all that it says of the command is read afterwards, however
// late a thread comes. Threads wait by looking at the word for a little while, then asleep: the one that they wait for may need
// their processor.
import { type Control, controlStart, type ExecuteChunk } from './control.ts'
import { chunkRange, type Command, headWords, mostArgs, readArgs, readCommand, writeEntry } from './entry.ts'

/** Place of a program, in entries of equal size. */
export interface ProgramPlace {
  readonly address: number
  readonly entryWords: number
  readonly entries: number
}

/** Behind the words of `Control`: a command that is run by itself, and the words here. */
const [commandAt, wordsAt] = [1024, 4096]
/** Words on cache lines of their own. */
const [position, done, sleepers, words] = [0, 16, 32, 48]
/** Value of the position word while there is no program. */
const closed = -1
/** Chunks and entries that the position word can count. */
export const [maxChunks, mostEntries] = [4095, 2 ** 19]

/** Number of looks at the word between two at the clock. */
const looks = 200
/** Milliseconds of looking before sleep: in a program, and in one command, which the caller follows up at once. */
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
   * Caller: runs a program with `threads − 1` others. False when a worker is lost or nothing moved for `stallMs`. One thread runs
   * each command in one piece: nothing in a program may depend on how it is cut.
   */
  run(place: ProgramPlace, threads: number): boolean {
    if (threads > 1) return this.#share(place, threads)
    this.#show(place, threads)
    for (let i = 0; i < place.entries; i++) this.#run(i, 0, 1)
    return true
  }

  /** The same of one command, in all of its chunks also on one thread. */
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

  /** Worker: takes part in a program that is open, until it is over. */
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

  /** A view of the program at hand: the same for all tokens of a text. */
  #look(): void {
    // An iterator over the words would take as long as a claim.
    const [address, entryWords, entries] = [this.#place[0], this.#place[1], this.#place[2]]
    const { byteOffset, length } = this.#entries
    if (address === byteOffset && entryWords === this.#entryWords && length === entries * entryWords) return
    this.#entryWords = entryWords
    this.#entries = new Float64Array(this.#memory.buffer, address, entries * entryWords)
  }

  /** Waits until the position is no longer `seen`. Returns false when a worker is lost, or when that takes too long. */
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
