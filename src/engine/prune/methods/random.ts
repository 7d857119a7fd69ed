import { upload } from '../../compute/backend.ts'
import { createRng } from '../../rng.ts'
import type { ScoreMethod } from './method.ts'

export const random: ScoreMethod = {
  kind: 'score',
  score({ host, weight, seed, name }) {
    const rng = createRng(seed, `random/${name}`)
    // Uniform numbers: what is pruned depends on their order only, which is as random as that of normal ones.
    const matrix = upload(host, 'f32', weight.shape, Float32Array.from({ length: weight.length }, rng.uniform))
    return { scored: { weight: matrix, scale: null, columns: null }, release: () => host.release(matrix) }
  },
}
