// Token ids to the first block's input, and back to the tables' gradients.
import type { Tensor } from '../compute/tensor.ts'
import { positionRows, type Batch } from './batch.ts'
import type { Ends } from './ends.ts'
import { linearBackward, linearForward } from './linear.ts'
import { eachTime, type Grads, type Step } from './module.ts'
import { gatherTable } from './table.ts'

export interface EmbeddingSaved {
  /** i32 [N] */
  readonly ids: Tensor
  /** i32 [N]; null for rotary positions. */
  readonly positions: Tensor | null
  /** Word embeddings [N, E] before `projectIn`; null without one. */
  readonly words: Tensor | null
}

/** ids → [N, C]: word rows · scale (→ projectIn) + position rows. */
export function embed(step: Step, ends: Ends, batch: Batch): { output: Tensor; saved: EmbeddingSaved } {
  const { backend, arena } = step
  const { kernels } = backend
  const { config, tokens, projectIn } = ends
  const numRows = batch.ids.length
  const ids = arena.allocate([numRows], 'i32')
  eachTime(step, () => backend.write(ids, batch.ids))
  const words = arena.allocate([numRows, config.embedSize])
  gatherTable(backend, words, tokens, ids, config.embedScale)
  const output = projectIn ? arena.allocate([numRows, config.hiddenSize]) : words
  if (projectIn) linearForward(step, output, projectIn, words)
  const positions = ends.positions ? arena.allocate([numRows], 'i32') : null
  if (ends.positions && positions) {
    eachTime(step, () => backend.write(positions, positionRows(config, batch, step.cache?.past)))
    const rows = arena.allocate(output.shape)
    gatherTable(backend, rows, ends.positions, positions, 1)
    kernels.addScaled(output, rows, 1)
    arena.release(rows)
  }
  return { output, saved: { ids, positions, words: projectIn ? words : null } }
}

/** Adds the gradients of the tables and of `projectIn` that are wanted, given dOutput [N, C]. */
export function embedBackward(step: Step, ends: Ends, saved: EmbeddingSaved, dOutput: Tensor, grads: Grads): void {
  const { kernels } = step.backend
  const dPositions = ends.positions && grads.of(ends.positions.name)
  if (dPositions && saved.positions) kernels.scatterAddRows(dPositions, dOutput, saved.positions, null)
  const dTokens = grads.of(ends.tokens.name)
  let dWords: Tensor | null = dOutput
  if (ends.projectIn && saved.words) {
    dWords = dTokens ? step.arena.allocate(saved.words.shape) : null
    linearBackward(step, ends.projectIn, saved.words, dOutput, grads, dWords)
  }
  if (dTokens && dWords) scatterScaled(step, dTokens, dWords, saved.ids, ends.config.embedScale)
}

/** Whether a gradient is wanted that only the embedding's backward gives. */
export function embeddingTrains(ends: Ends, grads: Grads): boolean {
  const names = [ends.tokens.name, ends.positions?.name, ends.projectIn && `${ends.projectIn.name}.weight`]
  return names.some((name) => name && grads.of(name) !== null)
}

function scatterScaled({ backend, arena }: Step, out: Tensor, rows: Tensor, ids: Tensor, scale: number): void {
  if (scale === 1) return backend.kernels.scatterAddRows(out, rows, ids, null)
  const scales = arena.allocate([ids.length])
  backend.kernels.fill(scales, scale)
  backend.kernels.scatterAddRows(out, rows, ids, scales)
}
