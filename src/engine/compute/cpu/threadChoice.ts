// Chooses how many threads run a program that runs repeatedly, by trials between its runs. Where memory bandwidth is the limit, one
// thread may be as fast as all, and where other programs need a processor, all threads wait for the one that has lost it.

/** Least and most runs between two trials: each trial that changes nothing doubles the number. */
const [leastRest, mostRest] = [8, 256]
/** Runs of a trial, and earlier runs to compare it with, by medians, since other programs may slow any single run. */
const [trialRuns, rememberedRuns] = [3, 9]
/** A trial's number is adopted if its median time is less than this multiple of the present one. */
const better = 0.95
/** A median time above this multiple of the one after the last trial starts a trial early. */
const worse = 1.2

export class ThreadChoice {
  /** Candidate numbers: all threads, half of them, and so on to one. */
  readonly #counts: readonly number[]
  #at = 0
  /** Milliseconds of the last runs with the present number. */
  #recentMs: number[] = []
  /** Median time with the number that the last trial left, in ms; 0 before the first trial. */
  #settledMs = 0
  #rest = leastRest
  #sinceTrial = 0
  /** The number on trial, and milliseconds of its runs. */
  #trial: { readonly at: number; readonly ms: number[] } | null = null
  #direction = 1

  constructor(threads: number) {
    const counts = [threads]
    for (let count = threads; count > 1; counts.push(count)) count = Math.ceil(count / 2)
    this.#counts = counts
  }

  /** Number of threads of the next run. */
  get threads(): number {
    return this.#counts[this.#trial?.at ?? this.#at]
  }

  /** Takes note of how long the run took. */
  took(ms: number): void {
    if (this.#counts.length === 1) return
    if (this.#trial) return this.#tried(this.#trial.at, [...this.#trial.ms, ms])
    this.#recentMs = [...this.#recentMs.slice(1 - rememberedRuns), ms]
    if (++this.#sinceTrial < leastRest) return
    const slowed = this.#settledMs > 0 && median(this.#recentMs) > worse * this.#settledMs
    if (this.#sinceTrial < this.#rest && !slowed) return
    // Goes in the opposite direction to the last trial, where there is a candidate.
    const next = this.#at + this.#direction
    const at = next in this.#counts ? next : this.#at - this.#direction
    this.#direction = this.#at - at
    this.#trial = { at, ms: [] }
  }

  #tried(at: number, ms: number[]): void {
    this.#trial = { at, ms }
    if (ms.length < trialRuns) return
    this.#trial = null
    this.#sinceTrial = 0
    if (median(ms) < better * median(this.#recentMs)) {
      this.#at = at
      this.#recentMs = ms
      this.#rest = leastRest
    } else this.#rest = Math.min(2 * this.#rest, mostRest)
    this.#settledMs = median(this.#recentMs)
  }
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1]
}
