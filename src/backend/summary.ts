// The header of a checkpoint as the views want it.
import { largest } from '../shared/format/lists.ts'
import { dirname, join } from 'node:path'
import { stat } from 'node:fs/promises'
import { tensorRoles } from '../shared/families/tensorRoles.ts'
import { modelLabel } from '../shared/format/modelLabel.ts'
import { elementsOf } from '../shared/format/dtypes.ts'
import { elementFormat } from '../engine/checkpoint/stats/elementFormat.ts'
import type { Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import type { ModelSummary, TensorRow } from '../shared/protocol/inspect.ts'

export async function summarise(checkpoint: Checkpoint): Promise<ModelSummary> {
  const roles = tensorRoles(checkpoint.config, checkpoint.tensors)
  const tensors: TensorRow[] = []
  for (const { name, dtype, shape, file, bytes } of checkpoint.tensors.values()) {
    const { role, block, module } = roles.of(name, shape)
    const row: TensorRow = {
      name,
      dtype,
      shape: [...shape],
      file,
      bytes,
      role,
      block,
      module,
      parameters: elementsOf(shape) ?? 0,
    }
    if (!elementFormat(dtype)) row.unreadable = `${dtype} can be listed, not read`
    tensors.push(row)
  }
  const warnings: string[] = []
  if (checkpoint.config === null)
    warnings.push('There is no config.json beside the weights: roles are guessed from names.')
  else if (!roles.familyKnown)
    warnings.push('config.json names a model that is not known: roles are guessed from names.')
  const blocks = largest(tensors, -1, (t) => t.block ?? -1) + 1
  return {
    path: checkpoint.path,
    label: labelOf(checkpoint),
    modelType: modelTypeOf(checkpoint.config),
    blocks,
    tensors,
    metadata: Object.fromEntries(checkpoint.metadata),
    parameters: tensors.reduce((sum, t) => sum + t.parameters, 0),
    bytes: tensors.reduce((sum, t) => sum + t.bytes, 0),
    files: checkpoint.files.length,
    warnings,
  }
}

function labelOf({ folder, files }: Checkpoint): string {
  return modelLabel(files.length === 1 ? join(folder, files[0].name) : folder)
}

function modelTypeOf(config: unknown): string | null {
  const found = typeof config === 'object' && config !== null && 'model_type' in config ? config.model_type : null
  return typeof found === 'string' ? found : null
}

const shardName = /-\d{5}-of-\d{5}\.safetensors$/

/** A shard stands for its whole model: its index, when there is one beside it. */
export async function wholeModel(path: string): Promise<string> {
  if (!shardName.test(path)) return path
  const index = `${path.replace(shardName, '')}.safetensors.index.json`
  const usual = `${dirname(path)}/model.safetensors.index.json`
  for (const candidate of [index, usual]) {
    const found = await stat(candidate).catch(() => null)
    if (found) return candidate
  }
  return path
}
