// Token ids that were made elsewhere: an integer tensor of a safetensors file.
import { openCheckpoint, type Checkpoint, type TensorEntry } from '../checkpoint/checkpoint.ts'
import { EngineError } from '../errors.ts'

export interface IdTensor {
  readonly name: string
  /** [windows, length], or [length] for one stream. */
  readonly shape: readonly number[]
  /** Row-major. */
  readonly ids: Int32Array
}

/**
 * `field`: the tensor's name; by default the only I32 or I64 tensor of the file.
 * @throws EngineError 'bad-data' when there is none, more than one, or an id that no vocabulary has.
 */
export async function readIdTensor(path: string, field?: string): Promise<IdTensor> {
  const file = await openCheckpoint(path)
  try {
    const entry = choose(file, path, field)
    const bytes = await file.read(entry.name)
    const ids =
      entry.dtype === 'I32' ? new Int32Array(bytes.buffer) : narrow(new BigInt64Array(bytes.buffer), path, entry)
    return { name: entry.name, shape: entry.shape, ids }
  } finally {
    await file.close()
  }
}

function choose(file: Checkpoint, path: string, field: string | undefined): TensorEntry {
  const integer = [...file.tensors.values()].filter((t) => t.dtype === 'I32' || t.dtype === 'I64')
  const names = integer.map((t) => t.name).join(', ')
  if (field === undefined) {
    if (integer.length === 1) return checkRank(integer[0], path)
    if (integer.length === 0)
      throw new EngineError('bad-data', `${path} has no integer tensor; store the ids as I32 or I64`)
    throw new EngineError('bad-data', `${path} has several integer tensors; choose the field among: ${names}`)
  }
  const entry = integer.find((t) => t.name === field)
  if (entry) return checkRank(entry, path)
  throw new EngineError('bad-data', `${path} has no integer tensor "${field}"; it has: ${names || 'none'}`)
}

function checkRank(entry: TensorEntry, path: string): TensorEntry {
  if (entry.shape.length === 1 || entry.shape.length === 2) return entry
  throw new EngineError(
    'bad-data',
    `${path}: ${entry.name} has the shape [${entry.shape.join(', ')}]; ids are [windows, length] or one stream [length]`,
  )
}

function narrow(wide: BigInt64Array, path: string, entry: TensorEntry): Int32Array {
  const ids = new Int32Array(wide.length)
  for (let i = 0; i < wide.length; i++) {
    ids[i] = Number(wide[i])
    if (BigInt(ids[i]) !== wide[i]) {
      throw new EngineError('bad-data', `${path}: ${entry.name} holds ${wide[i]}, which is no token id; check the file`)
    }
  }
  return ids
}
