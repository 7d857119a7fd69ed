// Bytes that a run writes.
import type { ModelFacts } from '../recipe/facts.ts'
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { trainableRows } from './trainable.ts'

const bitsPerType: Record<string, number> = {
  F64: 64,
  F32: 32,
  I64: 64,
  I32: 32,
  F16: 16,
  BF16: 16,
  I8: 8,
  U8: 8,
  BOOL: 8,
}

/** The saved folder: weights in the types of the source, a mask bit for each prunable weight, a head when it is untied. */
export function estimateDisk(recipe: ResolvedRecipe, model: ModelFacts): number {
  if (!recipe.save) return 0
  let bytes = 0
  for (const { dtype, shape } of model.tensors.values()) {
    bytes += (shape.reduce((a, b) => a * b, 1) * (bitsPerType[dtype] ?? 16)) / 8
  }
  const masks = model.modules.reduce((n, m) => (m.kind === 'linear' ? n + (m.rows * m.columns) / 8 : n), 0)
  const config = model.modelConfig
  const rows = config ? trainableRows(config, model.parameters, recipe.recover ?? null) : []
  const untied = config?.tied && rows.some((r) => r.kind === 'head' && r.by === 'head')
  return Math.ceil(bytes + masks + (untied ? 2 * config.vocabSize * config.embedSize : 0))
}
