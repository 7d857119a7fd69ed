// Chooses how many threads run a program that is run again and again. Where memory is the limit one thread may read as much as
// all, and where other programs want a processor, all wait for the one that has lost it: so it is tried out as it goes.

/** Runs between two trials, at first; a trial that changes nothing puts the next one off. */
const [leastRest, mostRest] = [8, 256]
/** Runs of a trial, and those before it that it is compared with: by their medians, since any run can meet other work. */
const [trialRuns, rememberedRuns] = [3, 9]
/** A trial must be better by so much, */
const better = 0.95
/** and a median that became so much worse calls for one. */
const worse = 1.2

export class ThreadChoice {
  /** Candidate numbers: all threads, half of them, and so on to one. */
  readonly #counts: readonly number[]
  #at = 0
  /** Milliseconds of the last runs with the present number. */
  #recentMs: number[] = []
  /** Median of the last trial; 0 before the first. */
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
    // The other way than the last time, where there is one.
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
