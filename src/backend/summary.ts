// The header of a checkpoint, for views.
import { largest } from '../formatting/lists.ts'
import { basename, dirname, join } from 'node:path'
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { indexNamesOf, isGguf, modelLabel, noteName } from '../catalog/formats/checkpointFormats.ts'
import { tensorRoles } from '../catalog/families/tensorRoles.ts'
import { elementsOf } from '../catalog/formats/dtypes.ts'
import { fieldsOf } from '../catalog/formats/json.ts'
import { shownDtype, whyUnread } from '../engine/checkpoint/stats/elementFormat.ts'
import { bytesOnDisk, isOfGguf, storedType, type Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { listedBytes } from '../engine/checkpoint/stats/inspectCheckpoint.ts'
import type { Inspection, ListedEntry } from '../engine/checkpoint/inspection.ts'
import type { ModelSummary, Origin, TensorRow } from '../protocol/inspect.ts'

export async function summarise({ checkpoint, unknown, problems }: Inspection): Promise<ModelSummary> {
  // The family is detected from the names of all tensors, including those that cannot be read.
  const lost = problems.flatMap((p) => p.tensors)
  const names = new Set([...checkpoint.tensors.keys(), ...unknown.map((t) => t.name), ...lost])
  const roles = tensorRoles(checkpoint.config, names)
  const tensors = [...checkpoint.tensors.values(), ...unknown].map((entry: ListedEntry): TensorRow => {
    const { name, shape, file, bitmask } = entry
    const { role, block, module } = roles.of(name, shape)
    const parameters = elementsOf(shape) ?? 0
    const why = whyUnread(entry.dtype)
    const dtype = shownDtype(storedType(entry))
    return {
      ...{ name, dtype, shape: [...shape], file, bytes: listedBytes(entry), role, block, module, parameters },
      ...(bitmask && { storedBytes: bytesOnDisk(entry) }),
      ...(why !== null && { unreadable: `None: ${why}.` }),
    }
  })
  // Files beside a GGUF file belong to another checkpoint.
  const lookOnly = isOfGguf(checkpoint)
  const origin = lookOnly ? null : await originIn(checkpoint.folder)
  const blocks = largest(tensors, -1, (t) => t.block ?? -1) + 1
  return {
    path: checkpoint.path,
    label: labelOf(checkpoint),
    modelType: checkpoint.metadata.get('general.architecture') ?? modelTypeOf(checkpoint.config),
    blocks,
    tensors,
    metadata: Object.fromEntries(checkpoint.metadata),
    parameters: tensors.reduce((sum, t) => sum + t.parameters, 0),
    bytes: tensors.reduce((sum, t) => sum + (t.storedBytes ?? t.bytes), 0),
    files: checkpoint.files.length,
    warnings: warningsOf({ checkpoint, unknown, problems }, roles.familyKnown),
    problems: problems.map(({ error, tensors: missing }) => ({ message: error.message, missing: [...missing] })),
    ...(origin && { origin }),
    ...(lookOnly && { lookOnly }),
  }
}

/** Most checkpoints have no sparsescope.json: the code that reads it is loaded only for one that has. */
async function originIn(folder: string): Promise<Origin | null> {
  if (!existsSync(join(folder, noteName))) return null
  const { originOf } = await import('./origin.ts')
  return originOf(folder)
}

function warningsOf({ checkpoint, unknown, problems }: Omit<Inspection, 'sources'>, familyKnown: boolean): string[] {
  const warnings: string[] = []
  if (unknown.length > 0) {
    const dtypes = [...new Set(unknown.map((t) => shownDtype(t.dtype)))].slice(0, 5).join(', ')
    warnings.push(
      `${unknown.length} of the tensors have an unsupported type (${dtypes}): they are listed without statistics.`,
    )
  }
  const configBroken = problems.some(({ path }) => basename(path) === 'config.json')
  if (isOfGguf(checkpoint)) return warnings
  if (checkpoint.config === null && !configBroken)
    warnings.push('There is no config.json beside the weights: roles are inferred from names.')
  else if (!familyKnown) warnings.push('config.json names an unknown model type: roles are inferred from names.')
  return warnings
}

function labelOf({ folder, files }: Checkpoint): string {
  return modelLabel(files.length === 1 || isGguf(files[0]?.name ?? '') ? join(folder, files[0].name) : folder)
}

function modelTypeOf(config: unknown): string | null {
  const { model_type: found } = fieldsOf(config)
  return typeof found === 'string' ? found : null
}

/** The index beside a shard, if there is one, so that a shard opens its whole model; else the path itself. */
export async function wholeModel(path: string): Promise<string> {
  for (const name of indexNamesOf(basename(path))) {
    const candidate = join(dirname(path), name)
    const found = await stat(candidate).catch(() => null)
    if (found) return candidate
  }
  return path
}
