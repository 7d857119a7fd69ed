// Counts the work of kernels as they are called, by the kinds and in the units of src/catalog/methods/work.ts.
import type { Backend } from '../../src/engine/compute/backend.ts'
import type { AttentionShape, Kernels } from '../../src/engine/compute/kernels.ts'
import type { PruneKernels, Scored } from '../../src/engine/compute/pruneKernels.ts'
import type { Tensor } from '../../src/engine/compute/tensor.ts'
import { gramWork, productWork, sized, sumOf, type Work } from '../../src/catalog/methods/work.ts'

const precisionOf = ({ dtype }: Tensor) => (dtype === 'bf16' ? 'bf16' : 'f32')

function product(input: Tensor, [rows, columns]: readonly number[], inputColumns = columns): Work {
  return productWork(precisionOf(input), input.length / inputColumns, rows, columns)
}

/** Queries and keys whose scores are computed: a tile of queries meets its own keys and those before it within the window. */
function attention(name: 'attention' | 'attentionBack', operations: number, q: Tensor, shape: AttentionShape): Work {
  const { batch, seqLen, numHeads, headDim, window } = shape
  const tile = Math.max(8, Math.min(64, seqLen, Math.floor(2 ** 17 / seqLen)))
  let met = 0
  for (let query = 0; query < seqLen; query += tile) {
    const rows = Math.min(tile, seqLen - query)
    met += rows * (query + rows - (window > 0 ? Math.max(0, query - window + 1) : 0))
  }
  return sized(`${name} ${precisionOf(q)}`, operations * batch * met * numHeads * headDim, seqLen * headDim)
}

type Counts<K> = Partial<{ [N in keyof K]: K[N] extends (...args: infer A) => unknown ? (...args: A) => Work : never }>

const moved = (x: Tensor): Work => ({ move: x.length })

const counts: Counts<Kernels> = {
  linear: (_out, input, weight) => product(input, weight.shape),
  linears: (_outs, input, weights) => sumOf(weights.map((weight) => product(input, weight.shape))),
  linearBackwardInput: (_dInput, dOut, weight) => product(dOut, weight.shape, weight.shape[0]),
  linearBackwardWeight: (dWeight, _dOut, input) => product(input, dWeight.shape),
  gemm: (out, a) => productWork('f32', out.shape[0], out.shape[1], a.length / out.shape[0]),
  gram: (out, input) => gramWork(input.length / out.shape[0], out.shape[0]),
  loraWeight: (out, _weight, _mask, a) => ({ adapt: out.length * a.shape[0] }),
  loraBackward: (dA, dB, _dOut, input) => {
    const shape = [dB.shape[0], dA.shape[1]]
    return sumOf([product(input, shape), { adapt: shape[0] * shape[1] * dA.shape[0] }])
  },
  attention: (_out, _logSum, q, _k, _v, _mask, shape) => attention('attention', 4, q, shape),
  attentionBackward: (_dQ, _dK, _dV, _dOut, _out, _logSum, q, _k, _v, _mask, shape) =>
    attention('attentionBack', 10, q, shape),
  layerNorm: (out) => ({ norm: out.length }),
  rmsNorm: (out) => ({ norm: out.length }),
  layerNormBackward: (dX) => ({ normBack: dX.length }),
  rmsNormBackward: (dX) => ({ normBack: dX.length }),
  activation: (out) => ({ activation: out.length }),
  gated: (out) => ({ activation: out.length }),
  activationBackward: (dX) => ({ activationBack: dX.length }),
  gatedBackward: (dGate) => ({ activationBack: dGate.length }),
  logSumExpChunk: (_max, _sum, _target, logits) => ({ loss: logits.length }),
  crossEntropyBackwardChunk: (logits) => ({ loss: logits.length }),
  divergenceChunk: (_sums, logits) => ({ divergence: logits.length }),
  distillBackwardChunk: (logits) => ({ divergence: logits.length }),
  rope: moved,
  add: moved,
  addScaled: moved,
  convert: moved,
  applyMask: moved,
  scaleWeight: moved,
  squaredErrorBackward: moved,
  adamw: moved,
  rowDot: (_out, a) => moved(a),
  scatterAddRows: (_out, x) => moved(x),
  squaredError: (_out, a) => moved(a),
  sumSquares: (_out, x) => moved(x),
  columnSum: (_out, x) => moved(x),
  columnSquares: (_out, x) => ({ move: 2 * x.length }),
  copy: (_out, _in, { rows, groups, width }) => ({ move: rows * groups * width }),
}

const weightsOf = ({ weight, columns }: Scored) =>
  columns ? weight.shape[0] * (columns.end - columns.start) : weight.length

const pruneCounts: Counts<PruneKernels> = {
  countScores: (_counts, scored) => ({ score: weightsOf(scored) }),
  maskBelow: (_mask, scored) => ({ score: weightsOf(scored) }),
  maskRows: (_mask, weight) => ({ choice: weight.length }),
  maskGroups: (_mask, weight) => ({ choice: weight.length }),
  inverseFactor: (out) => ({ factor: out.shape[0] ** 3 }),
  sparseGptBlock: (weight, _mask, _losses, _factor, { start, end }) => {
    const [rows, width] = weight.shape
    const spread = sized('product f32', 2 * rows * (end - start) * (width - end), Math.min(rows, width))
    return sumOf([{ sweep: rows * (end - start) ** 2 }, spread])
  },
}

/** `told` hears of every call: its kernel and its work. */
export function countKernels<K extends object>(
  kernels: K,
  counted: Counts<K>,
  told: (name: string, work: Work) => void,
): K {
  const wrap = (name: string, run: unknown) =>
    typeof run !== 'function'
      ? run
      : (...args: never[]) => {
          const count = (counted as Record<string, ((...args: never[]) => Work) | undefined>)[name]
          told(name, count?.(...args) ?? {})
          return run(...args) as unknown
        }
  return Object.fromEntries(Object.entries(kernels).map(([name, run]) => [name, wrap(name, run)])) as K
}

/** The backend, and what its kernels have done since. */
export function counting<B extends Backend>(backend: B): { backend: B; done: () => Work } {
  const works: Work[] = []
  const told = (_name: string, work: Work) => void works.push(work)
  return {
    backend: {
      ...backend,
      kernels: countKernels(backend.kernels, counts, told),
      ...(backend.prune && { prune: countKernels(backend.prune, pruneCounts, told) }),
    },
    done: () => sumOf(works.splice(0)),
  }
}
