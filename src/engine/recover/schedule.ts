// Learning rate over the steps of a run: linear warm-up, then linear decay to 0 (docs/methods.md, "Optimiser and schedule").

export type RecoverMode = 'retrain' | 'reconstruct'

/** A tenth of the steps: rounded up when retraining (the HF Trainer), down when reconstructing (PERP's code). */
export function warmupSteps(mode: RecoverMode, steps: number): number {
  return mode === 'retrain' ? Math.ceil(0.1 * steps) : Math.floor(0.1 * steps)
}

/** Rate of step `step` = 0, 1, …: peak·t/W for t < W, then peak·(T − t)/(T − W). With a warm-up, the first is 0. */
export function learningRate(peak: number, step: number, steps: number, warmup: number): number {
  if (step < warmup) return (peak * step) / warmup
  return (peak * Math.max(0, steps - step)) / Math.max(1, steps - warmup)
}
