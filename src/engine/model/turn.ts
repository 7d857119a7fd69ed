// Rotary positions: queries and keys are rotated in place by tables of the step's positions.
import type { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import type { RopeConfig } from '../../catalog/families/ropeConfig.ts'
import { eachTime, type Step } from './module.ts'
import { ropeAngles } from './rope.ts'

/** cos and sin [T, rotaryDim / 2] of the step's positions. */
type Tables = readonly [cos: Tensor, sin: Tensor]

/** Tables of steps of decoding, in their arenas: blocks that turn alike share them. */
const tablesOfStep = new WeakMap<Step, Map<RopeConfig, Tables>>()

/** Makes a step's tables before its first block: a recorded pass writes them before it runs, into memory of their own. */
export function prepareTurning(step: Step, { position, maxPositions }: ModelConfig): void {
  if (position.kind !== 'rope') return
  const ropes = new Set(position.byBlock.filter((rope) => rope !== null))
  tablesOfStep.set(
    step,
    new Map([...ropes].map((rope) => [rope, createTables(step, step.arena, rope, maxPositions)] as const)),
  )
}

/** Rotates x in place; `inverse` rotates gradients back. Row n of [N, H·D] has position n mod T. */
export function turn(
  step: Step,
  scope: Arena,
  { headDim, numHeads, numKvHeads, maxPositions }: ModelConfig,
  rope: RopeConfig | null,
  { q, k }: { readonly q: Tensor; readonly k: Tensor },
  inverse: boolean,
): void {
  if (!rope) return
  const { backend, seqLen } = step
  const prepared = tablesOfStep.get(step)?.get(rope)
  const tables = prepared ?? createTables(step, scope, rope, maxPositions)
  const [cos, sin] = tables
  const shape = { seqLen, headDim, rotaryDim: rope.rotaryDim, inverse }
  backend.kernels.rope(q, cos, sin, { ...shape, numHeads })
  backend.kernels.rope(k, cos, sin, { ...shape, numHeads: numKvHeads })
  if (!prepared) for (const table of tables) scope.release(table)
}

function createTables(step: Step, arena: Arena, rope: RopeConfig, maxPositions: number): Tables {
  const { backend, seqLen, cache } = step
  const [cos, sin] = [0, 1].map(() => arena.allocate([seqLen, rope.rotaryDim / 2]))
  eachTime(step, () => {
    const past = cache?.past ?? 0
    const angles = ropeAngles(rope, past, past + seqLen, maxPositions)
    backend.write(cos, angles.cos)
    backend.write(sin, angles.sin)
  })
  return [cos, sin]
}
