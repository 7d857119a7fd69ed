// Points at which a test may kill this process: at every change on the disk that a killed run must survive. Without the variable
// in the environment a point is one comparison.

/** Kills at the k-th point, k from 1; 0 only counts. */
const variable = 'SPARSESCOPE_KILL_AT'
const killAt = Number(process.env[variable] ?? 0)
let passed = 0

/** Called before a rename, fsync or unlink, and at a run's milestones. */
export function killPoint(): void {
  if (++passed === killAt) process.kill(process.pid, 'SIGKILL')
}

/** Number of points so far. */
export function killPointsPassed(): number {
  return passed
}
