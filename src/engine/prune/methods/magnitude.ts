// |w|. Methods that need data fall back to it for a linear that saw no token.
import type { ScoreMethod } from './method.ts'

export const magnitude: ScoreMethod = {
  kind: 'score',
  score: ({ weight }) => ({ scored: { weight, scale: null, columns: null }, release: () => undefined }),
}
