/** The models of a run that are measured, in its order: as it came, pruned, and recovered. */
export const stages = ['dense', 'pruned', 'recovered'] as const
export type Stage = (typeof stages)[number]
