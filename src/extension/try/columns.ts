// Which checkpoints stand side by side when somebody asks to try one out.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { isWeights } from '../../shared/format/checkpointFormats.ts'
import { modelLabel } from '../../shared/format/modelLabel.ts'
import { mostColumns } from '../../shared/protocol/tryOut.ts'
import type { TriedModel } from '../../shared/protocol/view.ts'
import { sourceOf } from '../models/sourceOf.ts'

export function column(path: string, role = ''): TriedModel {
  return { path, label: modelLabel(path), role }
}

/** A checkpoint, behind what it was made from where that is still there. */
export async function columnsOf(path: string): Promise<TriedModel[]> {
  const source = await sourceOf(isWeights(path) ? dirname(path) : path)
  if (!source || (!source.model.startsWith('hf:') && !existsSync(source.model))) return [column(path)]
  return [column(source.model, 'dense'), column(path, source.onlyPruned ? 'pruned' : 'recovered')]
}

/** As a reloaded window remembers them: anything. */
export function columnsFrom(state: unknown): TriedModel[] {
  const given = typeof state === 'object' && state !== null && 'columns' in state ? state.columns : null
  if (!Array.isArray(given)) return []
  return given.slice(0, mostColumns).flatMap((one: unknown) => {
    if (typeof one !== 'object' || one === null) return []
    const { path, role } = one as { path?: unknown; role?: unknown }
    return typeof path === 'string' && path !== '' ? [column(path, typeof role === 'string' ? role : '')] : []
  })
}
