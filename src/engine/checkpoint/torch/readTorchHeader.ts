// Reads which tensors a file of torch.save contains, in the form of a safetensors header.
import { bytesOfTensor, elementBits, elementsOf, type SafetensorsDtype } from '../../../catalog/formats/dtypes.ts'
import { FormatError, quoted } from '../../../errors.ts'
import {
  checkName,
  type SafetensorsHeader,
  type TensorInfo,
  type UnknownTensor,
} from '../../../catalog/formats/safetensorsHeader.ts'
import type { WeightFiles } from '../fileHeader.ts'
import { readPickle } from './pickle.ts'
import { type Place, readArchive } from './torchArchive.ts'
import { dtypeOfTorch, isNode, type Pickled, type PickledDict, type PickledTensor } from './torchGlobals.ts'

/** Most bytes of a pickle: 20 MB are a hundred thousand tensors. */
const maxPickleBytes = 64 * 2 ** 20

interface TorchHeader extends SafetensorsHeader {
  readonly unknown: readonly UnknownTensor[]
  /** 0, since places count from the beginning of the file. */
  readonly dataStart: number
}

/** Reads the header of a file whose size is known. @throws FormatError: what is wrong, and how to fix it. */
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
  // Results keep this metadata, since loaders of safetensors require it.
  return { tensors, unknown: [], metadata: new Map([['format', 'pt']]), dataStart: 0 }
}

function problemOf(prefix: Uint8Array, fileBytes: number): string | null {
  if (fileBytes === 0) return 'the file is empty; download or copy it again'
  const text = String.fromCharCode(...prefix)
  if (text === 'PK\x03\x04') return null
  if (text === 'vers') return 'it is a Git-LFS pointer, not the weights; run `git lfs pull` in its folder'
  if (prefix[0] === 0x80)
    return 'it is in the format of PyTorch before 1.6, one pickle that is not safe to read; load it where you trust it and save it again: torch.save(torch.load(path), path)'
  return 'it is not a file of torch.save; get the weights again'
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

/** Whether the elements are contiguous, rows first. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] > 1 && strides[i] !== expected) return false
    expected *= shape[i]
  }
  return true
}

/** A tensor of a state dict, as the pickle describes it. */
interface StateTensor {
  readonly name: string
  readonly dtype: SafetensorsDtype
  readonly shape: readonly number[]
  /** Stride of every dimension in elements. */
  readonly strides: readonly number[]
  /** `data/<key>` in the archive. */
  readonly storage: string
  /** Bytes from the storage's beginning. */
  readonly offset: number
  /** Bytes of the storage that the file says it has. */
  readonly storageBytes: number
}

/** Keys under which trainers put the state dict beside other data. */
const nests = ['state_dict', 'model_state_dict', 'model', 'module']

/**
 * The tensors of a state dict, which may be nested one level, in the file's order.
 * @throws FormatError when there is no state dict, or a tensor reaches beyond its storage.
 */
export function tensorsOf(root: Pickled): StateTensor[] {
  const tensors = new Map<string, StateTensor>()
  const dict = stateDictIn(root)
  dict.keys.forEach((name, i) => {
    const value = dict.values[i]
    if (typeof name !== 'string') return
    // Other values, such as counters, are skipped. If a key occurs twice, its last value counts.
    tensors.delete(name)
    if (isNode(value, 'tensor')) tensors.set(name, checked(name, value))
  })
  return [...tensors.values()]
}

function stateDictIn(root: Pickled): PickledDict {
  if (isNode(root, 'dict')) {
    // Nested state dicts come first: a value beside them, such as the best accuracy, may be a tensor too.
    for (const nest of nests) {
      const inner = root.values[root.keys.lastIndexOf(nest)]
      if (isNode(inner, 'dict') && holdsTensors(inner)) return inner
    }
    if (holdsTensors(root)) return root
    const keys = root.keys.filter((key) => typeof key === 'string').slice(0, 8)
    throw new FormatError(
      `it contains no state dict: its keys are ${keys.map(quoted).join(', ') || 'none'}; save model.state_dict()`,
    )
  }
  const what = isNode(root, 'tensor') ? 'a single tensor' : 'a value that is not a dictionary of tensors'
  throw new FormatError(`it contains ${what}; save model.state_dict()`)
}

function holdsTensors({ values }: PickledDict): boolean {
  return values.some((value) => isNode(value, 'tensor'))
}

function checked(name: string, { storage, type, offset, shape, strides }: PickledTensor): StateTensor {
  checkName(name)
  const dtype = dtypeOfTorch(type ?? storage.type)
  if (!dtype)
    throw new FormatError(
      `${quoted(name)}: its type ${quoted(type ?? storage.type)} does not exist in safetensors; convert it first`,
    )
  // The length of a storage is in elements of its class; an untyped storage, whose tensors name their type, counts bytes.
  const size = elementBits(dtype) / 8
  const storageBytes = (storage.elements * elementBits(dtypeOfTorch(storage.type) ?? 'U8')) / 8
  const elements = elementsOf(shape)
  const reach = reachOf(offset, shape, strides)
  if (elements === null || reach === null || !Number.isSafeInteger(storageBytes) || reach * size > storageBytes)
    throw new FormatError(
      `${quoted(name)}: [${shape.join(', ')}] reaches beyond its storage of ${storageBytes} bytes; the file is damaged or was made to mislead: get it again`,
    )
  if (overlaps(shape, strides))
    throw new FormatError(
      `${quoted(name)}: elements of [${shape.join(', ')}] share their places, as after expand(); save tensor.contiguous() instead`,
    )
  return { name, dtype, shape, strides, storage: storage.key, offset: offset * size, storageBytes }
}

/** Elements of the storage that a tensor needs: the place of its last element, plus one. */
function reachOf(offset: number, shape: readonly number[], strides: readonly number[]): number | null {
  if (shape.includes(0)) return 0
  const reach = shape.reduce((last, length, i) => last + (length - 1) * strides[i], offset) + 1
  return Number.isSafeInteger(reach) ? reach : null
}

/** Whether two elements may share a place: a stride is shorter than the span of the smaller ones. */
function overlaps(shape: readonly number[], strides: readonly number[]): boolean {
  const steps = strides.map((stride, i) => ({ stride, length: shape[i] })).filter(({ length }) => length > 1)
  steps.sort((a, b) => a.stride - b.stride)
  let walked = 1
  for (const { stride, length } of steps) {
    if (stride < walked) return true
    walked = stride * length
  }
  return false
}
