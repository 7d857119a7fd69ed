// |w|. Also what is left of the methods that look at data when a linear has seen none.
import type { ScoreMethod } from './method.ts'

export const magnitude: ScoreMethod = {
  kind: 'score',
  score: ({ weight }) => ({ scored: { weight, scale: null, columns: null }, release: () => undefined }),
}
