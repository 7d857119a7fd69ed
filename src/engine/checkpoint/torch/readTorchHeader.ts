// Reads what one file of torch.save holds, in the form of a safetensors header.
import { bytesOfTensor } from '../../../catalog/formats/dtypes.ts'
import { FormatError, quoted } from '../../../errors.ts'
import type { SafetensorsHeader, TensorInfo, UnknownTensor } from '../../../catalog/formats/safetensorsHeader.ts'
import type { WeightFiles } from '../weightFiles.ts'
import { readPickle } from './pickle.ts'
import { tensorsOf, type StateTensor } from './stateDict.ts'
import { readArchive, type Place } from './torchArchive.ts'

/** Most bytes of a pickle: 20 MB are a hundred thousand tensors. */
const maxPickleBytes = 64 * 2 ** 20

export interface TorchHeader extends SafetensorsHeader {
  readonly unknown: readonly UnknownTensor[]
  /** Places count from the file's beginning. */
  readonly dataStart: number
}

/** Reads the header of a file whose size is known. @throws FormatError: what is wrong, and how to mend it. */
export async function readTorchHeader(pool: WeightFiles, path: string, fileBytes: number): Promise<TorchHeader> {
  const prefix = new Uint8Array(Math.min(4, fileBytes))
  await pool.read(path, 0, prefix)
  const problem = problemOf(prefix, fileBytes)
  if (problem) throw new FormatError(problem, 'refused')
  const { pickle, storages } = await readArchive(pool, path, fileBytes)
  if (pickle.bytes > maxPickleBytes)
    throw new FormatError(`its pickle has ${pickle.bytes} bytes, more than the names of any model; get the file again`)
  const bytes = new Uint8Array(pickle.bytes)
  await pool.read(path, pickle.start, bytes)
  const tensors = tensorsOf(readPickle(bytes)).map((tensor) => placed(tensor, storages.get(tensor.storage)))
  // Results that are saved from it carry this on, since loaders of safetensors ask for it.
  return { tensors, unknown: [], metadata: new Map([['format', 'pt']]), dataStart: 0 }
}

function problemOf(prefix: Uint8Array, fileBytes: number): string | null {
  if (fileBytes === 0) return 'the file is empty; download or copy it again'
  const text = String.fromCharCode(...prefix)
  if (text === 'PK\x03\x04') return null
  if (text === 'vers') return 'it is a Git-LFS pointer, not the weights; run `git lfs pull` in its folder'
  if (prefix[0] === 0x80)
    return 'it is in the format of PyTorch before 1.6, one pickle that is not safe to read; load it where you trust it and save it again: torch.save(torch.load(path), path)'
  return 'it is no file of torch.save; get the weights again'
}

function placed(tensor: StateTensor, place: Place | undefined): TensorInfo {
  const { name, dtype, shape, strides } = tensor
  if (!place || place.bytes < tensor.storageBytes)
    throw new FormatError(
      `${quoted(name)}: its storage ${tensor.storage} ${place ? 'is shorter than the pickle says' : 'is not in the file'}; the download was cut off or the file is damaged: get it again`,
    )
  const start = place.start + tensor.offset
  const bytes = bytesOfTensor(dtype, shape)
  if (bytes === null) throw new FormatError(`${quoted(name)}: ${dtype} [${shape.join(', ')}] cannot be stored`)
  const info = { name, dtype, shape, start, end: start + bytes }
  return isContiguous(shape, strides) ? info : { ...info, strides }
}

/** Whether the elements lie one after the other, rows first. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] > 1 && strides[i] !== expected) return false
    expected *= shape[i]
  }
  return true
}
