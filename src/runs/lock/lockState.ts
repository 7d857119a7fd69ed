// The state that a run and the heartbeat of its lock share, without either having to listen.

export interface BeatState {
  isHeld(): boolean
  /** Goes from held to given back. */
  giveBack(): void
  /** Goes from held to lost; false when it was given back before, and all is well. */
  lose(): boolean
  beaten(): void
  /** Milliseconds by the wall clock, which goes on while a machine sleeps. */
  msSinceBeat(): number
}

export const lockStateBytes = 16
const [held, givenBack, lost] = [0, 1, 2]

export function lockState(shared: SharedArrayBuffer): BeatState {
  const state = new Int32Array(shared, 0, 1)
  const last = new BigInt64Array(shared, 8, 1)
  return {
    isHeld: () => Atomics.load(state, 0) === held,
    giveBack: () => void Atomics.compareExchange(state, 0, held, givenBack),
    lose: () => Atomics.compareExchange(state, 0, held, lost) === held,
    beaten: () => void Atomics.store(last, 0, BigInt(Date.now())),
    msSinceBeat: () => Math.abs(Date.now() - Number(Atomics.load(last, 0))),
  }
}
