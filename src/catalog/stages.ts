/** The models that a run measures, in order: the given model, pruned, and recovered. */
export const stages = ['dense', 'pruned', 'recovered'] as const
export type Stage = (typeof stages)[number]
