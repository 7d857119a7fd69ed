// Does the map's "error if pruned" say what a block costs in the whole model? Spearman's rank correlation over the blocks.
//   sparsescope analyse MODEL --calibration ids.safetensors --field calibration --samples 16 --seq-len 512 --method wanda --sparsity 0.5 \
//     --sensitivity block --out map.json
//   npx tsx bench/sensitivity.ts map.json
import { readFileSync } from 'node:fs'
import type { Analysis, PruningError } from '../src/plan/analysis.ts'
import { groupsBy } from '../src/formatting/lists.ts'
import { machine, sparsescope } from './support/process.ts'

/** Ranks from 0 in ascending order; equal values share their mean rank. */
function ranksOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b)
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2)
}

/** Pearson's correlation of the ranks, −1 to 1. */
export function rankCorrelation(xs: readonly number[], ys: readonly number[]): number {
  const middle = (xs.length - 1) / 2
  const [a, b] = [ranksOf(xs), ranksOf(ys)].map((ranks) => ranks.map((rank) => rank - middle))
  const dot = (p: readonly number[], q: readonly number[]) => p.reduce((sum, value, i) => sum + value * q[i], 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

interface Measured {
  /** Mean of the relative errors of its matrices, weighed by their sizes: what the map shows of a block. */
  readonly error: number
  /** Loss of the model with only this block pruned, less that of the dense one. */
  readonly cost: number
}

/** In the order of the blocks. */
function measuredBlocks({ modules, sensitivity }: Analysis, sizeOf: (name: string) => number): Measured[] {
  if (sensitivity?.unit !== 'block') throw new Error('the map has no sensitivities of blocks: see the command above')
  const isOf = ({ method, sparsity, pattern }: PruningError) =>
    method === sensitivity.method && sparsity === sensitivity.sparsity && pattern === sensitivity.pattern
  return groupsBy(modules, ({ block }) => block).map((own) => {
    const sizes = own.map(({ name }) => sizeOf(name))
    const errors = own.map((module) => module.errors.find(isOf)?.error ?? NaN)
    const total = sizes.reduce((sum, size) => sum + size, 0)
    const error = errors.reduce((sum, one, i) => sum + one * sizes[i], 0) / total
    return { error, cost: (own[0].sensitivity ?? NaN) - sensitivity.loss }
  })
}

if (process.argv[1] === import.meta.filename) {
  const map = JSON.parse(readFileSync(process.argv[2], 'utf8')) as Analysis
  const { tensors } = sparsescope<{ tensors: { name: string; shape: number[] }[] }>('inspect', map.model).json
  const sizes = new Map(tensors.map(({ name, shape }) => [name, shape.reduce((product, side) => product * side, 1)]))
  const blocks = measuredBlocks(map, (name) => sizes.get(`${name}.weight`) ?? NaN)
  const [errors, costs] = [blocks.map(({ error }) => error), blocks.map(({ cost }) => cost)]
  console.log(`${machine()}\n`)
  blocks.forEach(({ error, cost }, i) => console.log(`block ${i}: error ${error.toFixed(4)}, cost ${cost.toFixed(4)}`))
  const told = (values: readonly number[]) => rankCorrelation(values, costs).toFixed(2)
  console.log(
    `rank correlation with the cost: error ${told(errors)}, how early it stands ${told(blocks.map((_, i) => -i))}`,
  )
  const inner = rankCorrelation(errors.slice(1, -1), costs.slice(1, -1))
  console.log(`error, without the first and the last block: ${inner.toFixed(2)}`)
}
