// Norms and rotary positions. Parameter gradients are a second pass over columns, so that nothing is summed twice.
import type { Kernels } from '../../kernels.ts'
import type { Runner } from '../pool.ts'
import { codeOf } from './products.ts'
import { addresses, byColumns, byRows } from './splits.ts'

type Norms = Pick<Kernels, 'layerNorm' | 'layerNormBackward' | 'rmsNorm' | 'rmsNormBackward' | 'rope'>

export function norms(pool: Runner): Norms {
  const at = addresses(pool)
  return {
    layerNorm(out, mean, rstd, x, weight, bias, eps) {
      const n = rstd.length
      const c = x.length / n
      const args = [at(out), at(mean), at(rstd), at(x), at(weight), at(bias), c, eps, codeOf(out)]
      pool.run('layerNorm', byRows(n, c), args)
    },
    layerNormBackward(dX, dWeight, dBias, dOut, x, mean, rstd, weight) {
      const n = rstd.length
      const c = x.length / n
      if (dWeight || dBias)
        pool.run('normGradients', byColumns(c, n), [at(dWeight), at(dBias), at(dOut), at(x), at(mean), at(rstd), n, c])
      pool.run('layerNormBackward', byRows(n, c), [at(dX), at(dOut), at(x), at(mean), at(rstd), at(weight), c])
    },
    rmsNorm(out, rstd, x, weight, eps, unitOffset) {
      const n = rstd.length
      const c = x.length / n
      pool.run('rmsNorm', byRows(n, c), [at(out), at(rstd), at(x), at(weight), c, eps, unitOffset, codeOf(out)])
    },
    rmsNormBackward(dX, dWeight, dOut, x, rstd, weight, unitOffset) {
      const n = rstd.length
      const c = x.length / n
      if (dWeight) pool.run('normGradients', byColumns(c, n), [at(dWeight), 0, at(dOut), at(x), 0, at(rstd), n, c])
      pool.run('rmsNormBackward', byRows(n, c), [at(dX), at(dOut), at(x), at(rstd), at(weight), c, unitOffset])
    },
    rope(x, cos, sin, { seqLen, numHeads, headDim, rotaryDim, inverse }) {
      const width = numHeads * headDim
      const args = [at(x), at(cos), at(sin), seqLen, numHeads, headDim, rotaryDim, inverse ? -1 : 1]
      pool.run('rope', byRows(x.length / width, width), args)
    },
  }
}
