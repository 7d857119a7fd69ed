// Token ids from another program: an integer tensor of a safetensors file. Files may be larger than memory: only the
// rows that are wanted are read.
import { openCheckpoint, type Checkpoint, type TensorEntry } from '../checkpoint/checkpoint.ts'
import { breathe } from '../breathe.ts'
import { EngineError } from '../errors.ts'
import { someOf } from '../../formatting/lists.ts'

export interface IdTensor {
  readonly name: string
  /** [windows, length], or [length] for one stream. */
  readonly shape: readonly number[]
  /** Fills `target` with ids of the flat tensor, from `start` on. @throws EngineError 'bad-data' for a value that cannot be an id. */
  read(start: number, target: Int32Array): Promise<void>
  close(): Promise<void>
}

/** Elements read at a time; a run can be cancelled in between. */
const pieceElements = 2 ** 20

/**
 * `field`: the tensor's name; by default the only I32 or I64 tensor of the file.
 * @throws EngineError 'bad-data' when there is no such tensor or more than one.
 */
export async function openIdTensor(path: string, field?: string, signal?: AbortSignal): Promise<IdTensor> {
  const file = await openCheckpoint(path)
  try {
    const entry = choose(file, path, field)
    return {
      name: entry.name,
      shape: entry.shape,
      async read(start, target) {
        for (let done = 0; done < target.length; done += pieceElements) {
          await breathe(signal)
          const piece = target.subarray(done, done + pieceElements)
          await readPiece(file, path, entry, start + done, piece)
        }
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readPiece(
  file: Checkpoint,
  path: string,
  { name, dtype }: TensorEntry,
  start: number,
  target: Int32Array,
): Promise<void> {
  const bytes = dtype === 'I32' ? 4 : 8
  const stored = await file.readRange(name, start * bytes, (start + target.length) * bytes)
  if (dtype === 'I32') return target.set(new Int32Array(stored.buffer))
  const wide = new BigInt64Array(stored.buffer)
  for (let i = 0; i < wide.length; i++) {
    target[i] = Number(wide[i])
    if (BigInt(target[i]) !== wide[i])
      throw new EngineError('bad-data', `${path}: ${name} holds ${wide[i]}, which is not a token id; check the file`)
  }
}

function choose(file: Checkpoint, path: string, field: string | undefined): TensorEntry {
  const integer = [...file.tensors.values()].filter((t) => t.dtype === 'I32' || t.dtype === 'I64')
  const names = someOf(integer.map((t) => t.name))
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
