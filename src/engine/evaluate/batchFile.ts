// A batch of ids with its mask and labels, as another program wrote them into one safetensors file.
import { openCheckpoint, type Checkpoint, type TensorEntry } from '../checkpoint/checkpoint.ts'
import { EngineError } from '../errors.ts'
import type { Batch } from '../model/batch.ts'

export interface BatchFields {
  /** Name of the tensor of ids; by default the only integer tensor beside the other two. */
  readonly field?: string
  /** Name of the tensor that is 1 at real tokens and 0 at padding. */
  readonly mask?: string
  /** Name of the tensor of labels, −100 where ignored; the model shifts them, not the file. */
  readonly labels?: string
}

type Decode = (bytes: Uint8Array<ArrayBuffer>) => ArrayLike<number | bigint>

const integerTypes: Partial<Record<string, Decode>> = {
  I64: (bytes) => new BigInt64Array(bytes.buffer),
  I32: (bytes) => new Int32Array(bytes.buffer),
  I16: (bytes) => new Int16Array(bytes.buffer),
  I8: (bytes) => new Int8Array(bytes.buffer),
  U8: (bytes) => bytes,
  BOOL: (bytes) => bytes,
}

/** @throws EngineError 'bad-data' that names the file and the tensor. */
export async function readBatchFile(path: string, { field, mask, labels }: BatchFields): Promise<Batch> {
  const file = await openCheckpoint(path)
  try {
    const ids = field === undefined ? onlyIds(file, path, [mask, labels]) : entryOf(file, path, field)
    const { shape } = ids
    if (shape.length < 1 || shape.length > 2 || shape.includes(0)) {
      throw new EngineError(
        'bad-data',
        `${path}: ${ids.name} has the shape [${shape.join(', ')}]; ids are [rows, length] or [length]`,
      )
    }
    const [batch, seqLen] = shape.length === 1 ? [1, shape[0]] : shape
    const beside = async (name: string | undefined): Promise<Int32Array | null> => {
      if (name === undefined) return null
      const entry = entryOf(file, path, name)
      if (entry.shape.join() !== shape.join()) {
        throw new EngineError(
          'bad-data',
          `${path}: ${name} has the shape [${entry.shape.join(', ')}], the ids [${shape.join(', ')}]; they must be equal`,
        )
      }
      return readIntegers(file, path, entry)
    }
    return {
      batch,
      seqLen,
      ids: await readIntegers(file, path, ids),
      mask: await beside(mask),
      labels: await beside(labels),
    }
  } finally {
    await file.close()
  }
}

function onlyIds(file: Checkpoint, path: string, others: readonly (string | undefined)[]): TensorEntry {
  const found = [...file.tensors.values()].filter((t) => integerTypes[t.dtype] && !others.includes(t.name))
  if (found.length === 1) return found[0]
  const names = found.map((t) => t.name).join(', ')
  throw new EngineError(
    'bad-data',
    found.length === 0
      ? `${path} has no integer tensor; store the ids as I32 or I64`
      : `${path} has several integer tensors; choose one with --field: ${names}`,
  )
}

function entryOf(file: Checkpoint, path: string, name: string): TensorEntry {
  const entry = file.tensors.get(name)
  if (!entry) {
    throw new EngineError(
      'bad-data',
      `${path} has no tensor "${name}"; it has: ${[...file.tensors.keys()].slice(0, 20).join(', ')}`,
    )
  }
  if (integerTypes[entry.dtype]) return entry
  throw new EngineError('bad-data', `${path}: ${name} is ${entry.dtype}; ids, masks and labels are integers`)
}

async function readIntegers(file: Checkpoint, path: string, { name, dtype }: TensorEntry): Promise<Int32Array> {
  const decode = integerTypes[dtype]
  if (!decode) throw new EngineError('internal', `${name} of type ${dtype} passed the checks`)
  const values = decode(await file.read(name))
  const out = new Int32Array(values.length)
  for (let i = 0; i < out.length; i++) {
    const value = Number(values[i])
    if ((value | 0) !== value)
      throw new EngineError('bad-data', `${path}: ${name} holds ${values[i]}, which is not a token id`)
    out[i] = value
  }
  return out
}
