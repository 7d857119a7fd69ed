// How many threads go through a program that is run again and again. Where memory is the limit one thread may read as much as
// all, and where other programs want a processor, all wait for the one that has lost it: so it is tried out as it goes.

/** Runs between two trials, at first; a trial that changes nothing puts the next one off. */
const [leastRest, mostRest] = [8, 256]
/** Runs of a trial. */
const trialRuns = 2
/** About so many runs are in the mean that a trial is compared with. */
const remembered = 7
/** A trial must be better by so much, */
const better = 0.97
/** and a mean that became so much worse calls for one. */
const worse = 1.2

export class ThreadChoice {
  /** All threads, half of them, and so on to one. */
  readonly #counts: readonly number[]
  #at = 0
  /** Of the last runs with the present number, and how many those are. */
  #meanMs = 0
  #runs = 0
  /** As the last trial found it. */
  #settledMs = 0
  #rest = leastRest
  #untilTrial = leastRest
  /** Which number is on trial, and what it took. */
  #trial: { readonly at: number; runs: number; ms: number } | null = null
  #direction = 1

  constructor(threads: number) {
    const counts = [threads]
    for (let count = threads; count > 1; counts.push(count)) count = Math.ceil(count / 2)
    this.#counts = counts
  }

  /** Of the next run. */
  get threads(): number {
    return this.#counts[this.#trial?.at ?? this.#at]
  }

  /** Says how long the run took. */
  took(ms: number): void {
    if (this.#counts.length === 1) return
    if (this.#trial) return this.#tried(this.#trial, ms)
    this.#runs = Math.min(this.#runs + 1, remembered)
    this.#meanMs += (ms - this.#meanMs) / this.#runs
    if (--this.#untilTrial > 0 && (this.#settledMs === 0 || this.#meanMs < worse * this.#settledMs)) return
    // The other way than the last time, where there is one.
    const next = this.#at + this.#direction
    const at = next in this.#counts ? next : this.#at - this.#direction
    this.#direction = this.#at - at
    this.#trial = { at, runs: 0, ms: 0 }
  }

  #tried(trial: { readonly at: number; runs: number; ms: number }, ms: number): void {
    trial.runs++
    trial.ms += ms
    if (trial.runs < trialRuns) return
    const mean = trial.ms / trialRuns
    this.#trial = null
    if (mean < better * this.#meanMs) {
      this.#at = trial.at
      this.#meanMs = mean
      this.#runs = trialRuns
      this.#rest = leastRest
    } else this.#rest = Math.min(2 * this.#rest, mostRest)
    this.#settledMs = this.#meanMs
    this.#untilTrial = this.#rest
  }
}
