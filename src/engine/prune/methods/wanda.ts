// Wanda (arXiv 2306.11695): |w_ij| · ‖x_j‖.
import { uploadScale } from './hessian.ts'
import type { ScoreMethod } from './method.ts'

export const wanda: ScoreMethod = {
  kind: 'score',
  score({ host, weight, norms }) {
    const scale = norms && uploadScale(host, norms)
    return { scored: { weight, scale, columns: null }, release: () => scale && host.release(scale) }
  },
}
