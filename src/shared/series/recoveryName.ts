// How recoveries and phases are called where people read them: those of a list are numbered from 1.

export function recoveryName(index: number, mode: string): string {
  return `${index + 1} ${mode}`
}

/** `retrain`, or `3 retrain` of several. */
export function phaseName({ phase, recovery }: { phase: string; recovery?: number }): string {
  return recovery === undefined ? phase : recoveryName(recovery, phase)
}
