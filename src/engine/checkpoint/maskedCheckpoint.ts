// A checkpoint seen through a mask: its own weights, with zeros where the mask has pruned. Nothing is written.
import { tensorRoles } from '../../catalog/families/tensorRoles.ts'
import { maskName, maskWords } from '../../catalog/formats/maskFile.ts'
import { EngineError } from '../errors.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { readsBy } from './createCheckpoint.ts'
import { explicitMasks } from './explicitMasks.ts'
import { lastKept, type MaskBits, type StoredMasks } from './storedMask.ts'

/** A matrix: its shape [outputs, inputs], and whether the file stores it as [inputs, outputs]. */
export interface StoredMatrix {
  readonly shape: readonly number[]
  readonly transposed: boolean
}

/**
 * `checkpoint` with the mask of the checkpoint at `masked` applied.
 * @throws EngineError 'bad-checkpoint' when that checkpoint has no mask, or the mask of another model.
 */
export async function underMaskOf(checkpoint: Checkpoint, masked: string): Promise<Checkpoint> {
  const other = await openCheckpoint(masked)
  try {
    const masks = await explicitMasks(other)
    if (masks === null)
      throw new EngineError('bad-checkpoint', `${other.folder} has no ${maskName}; give the folder of a pruned model`)
    const roles = tensorRoles(checkpoint.config, checkpoint.tensors)
    return maskedCheckpoint(checkpoint, masks, (name) => {
      const { shape } = checkpoint.tensors.get(name) ?? {}
      if (shape === undefined) return undefined
      const { transposed } = roles.of(name, shape)
      return { shape: transposed ? [...shape].reverse() : shape, transposed }
    })
  } finally {
    await other.close()
  }
}

/**
 * `matrixOf`: the matrix of a tensor; undefined where the name is unknown. Reads must begin and end between elements.
 * @throws EngineError 'bad-checkpoint' for a mask of another model.
 */
export function maskedCheckpoint(
  checkpoint: Checkpoint,
  masks: StoredMasks,
  matrixOf: (name: string) => StoredMatrix | undefined,
): Checkpoint {
  for (const [name, { rows, columns }] of masks) {
    const [outputs, inputs] = matrixOf(name)?.shape ?? []
    if (outputs === rows && inputs === columns) continue
    throw new EngineError(
      'bad-checkpoint',
      `the mask of ${name} is ${rows} × ${columns}, and ${checkpoint.folder} has no such matrix; give the mask of this model`,
    )
  }
  const maskOf = lastKept(masks)
  const readInto = async (name: string, start: number, target: Uint8Array) => {
    await checkpoint.readInto(name, start, target)
    const mask = await maskOf(name)
    const entry = checkpoint.tensors.get(name)
    if (!mask || !entry) return
    const width = entry.bytes / (mask.rows * mask.columns)
    zeroPruned(target, start / width, width, mask, matrixOf(name)?.transposed ?? false)
  }
  return { ...checkpoint, masks, ...readsBy(readInto, (name) => checkpoint.tensors.get(name)?.bytes ?? 0) }
}

/** Sets pruned elements of `width` bytes to 0; the first is element `first` of the matrix as it is stored. */
function zeroPruned(bytes: Uint8Array, first: number, width: number, mask: MaskBits, transposed: boolean): void {
  const { rows, columns, words } = mask
  const perRow = maskWords(columns)
  const across = transposed ? rows : columns
  const count = bytes.length / width
  for (let i = 0; i < count; i++) {
    const [line, place] = [Math.floor((first + i) / across), (first + i) % across]
    const [row, column] = transposed ? [place, line] : [line, place]
    const kept = (words[row * perRow + (column >>> 5)] >>> (column & 31)) & 1
    if (!kept) bytes.fill(0, i * width, (i + 1) * width)
  }
}
