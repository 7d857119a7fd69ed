// How recoveries and phases are called where people read them: those of a list are numbered from 1.

import type { PhasePart, RunPicture } from './foldRun.ts'

const modes = ['reconstruct', 'refit', 'retrain', 'merge']

export const isRecovery = ({ phase }: Pick<PhasePart, 'phase'>): boolean => modes.includes(phase)

/** Modes of the run's recoveries in their order; of a run of an earlier version with a single one, the one that its phases show. */
export function modesOf({
  plan,
  recoveries,
  phases,
}: Pick<RunPicture, 'plan' | 'recoveries' | 'phases'>): readonly string[] {
  if (plan) return plan.recoveries
  return recoveries.length > 0 ? recoveries : [...new Set(phases.filter(isRecovery).map(({ phase }) => phase))]
}

export const isBlockwise = (mode: string): boolean => mode !== 'retrain' && mode !== 'merge'

/** Whether the recovery follows pruning from block to block: until its end the blocks that it has not reached are dense. */
export function followsPruning(picture: Pick<RunPicture, 'plan' | 'recoveries' | 'phases'>, recovery: number): boolean {
  return (
    picture.plan?.prunes !== false &&
    modesOf(picture)
      .slice(0, recovery + 1)
      .every(isBlockwise)
  )
}

export function recoveryName(index: number, mode: string): string {
  return `${index + 1} ${mode}`
}

/** `retrain`, or `3 retrain` of several. */
export function phaseName({ phase, recovery }: { phase: string; recovery?: number }): string {
  return recovery === undefined ? phase : recoveryName(recovery, phase)
}
