// Ways of recovering, as `mode` names them.

export const modes = ['retrain', 'reconstruct', 'refit', 'merge'] as const
export type RecoverMode = (typeof modes)[number]

/** Whether an optimiser changes the weights; else they are solved for, or merged. */
export function isTraining(mode: RecoverMode): boolean {
  return mode === 'retrain' || mode === 'reconstruct'
}
