// Finds the tensors of a state dict in a pickle's value: names, types, shapes, and where their elements lie.
import { elementBits, elementsOf, type SafetensorsDtype } from '../../../catalog/formats/dtypes.ts'
import { FormatError, quoted } from '../../../errors.ts'
import { checkName } from '../../../catalog/formats/safetensorsHeader.ts'
import { isNode, type Pickled, type PickledDict, type PickledTensor } from './pickleValues.ts'
import { dtypeOfTorch } from './torchTypes.ts'

export interface StateTensor {
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

/** Keys under which trainers put the state dict beside their own things. */
const nests = ['state_dict', 'model_state_dict', 'model', 'module']

/**
 * The tensors of a state dict, which may be nested one level, in the file's order.
 * @throws FormatError when there is none, or a tensor reaches beyond its storage.
 */
export function tensorsOf(root: Pickled): StateTensor[] {
  const tensors = new Map<string, StateTensor>()
  const dict = stateDictIn(root)
  dict.keys.forEach((name, i) => {
    const value = dict.values[i]
    if (typeof name !== 'string') return
    // Counters and the like stand beside tensors; of equal keys the last counts.
    tensors.delete(name)
    if (isNode(value, 'tensor')) tensors.set(name, checked(name, value))
  })
  return [...tensors.values()]
}

function stateDictIn(root: Pickled): PickledDict {
  if (isNode(root, 'dict')) {
    // First: a best accuracy beside the state dict may be a tensor too.
    for (const nest of nests) {
      const inner = root.values[root.keys.lastIndexOf(nest)]
      if (isNode(inner, 'dict') && holdsTensors(inner)) return inner
    }
    if (holdsTensors(root)) return root
    const keys = root.keys.filter((key) => typeof key === 'string').slice(0, 8)
    throw new FormatError(
      `it holds no state dict: its keys are ${keys.map(quoted).join(', ') || 'none'}; save model.state_dict()`,
    )
  }
  const what = isNode(root, 'tensor') ? 'a single tensor' : 'no dictionary of tensors'
  throw new FormatError(`it holds ${what}; save model.state_dict()`)
}

function holdsTensors({ values }: PickledDict): boolean {
  return values.some((value) => isNode(value, 'tensor'))
}

function checked(name: string, { storage, type, offset, shape, strides }: PickledTensor): StateTensor {
  checkName(name)
  const dtype = dtypeOfTorch(type ?? storage.type)
  if (!dtype)
    throw new FormatError(
      `${quoted(name)}: its type ${quoted(type ?? storage.type)} has no equal in safetensors; convert it first`,
    )
  // Storages are as large as their own class says; a tensor with its own type counts an untyped storage's bytes.
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

/** Elements of the storage that are needed: one more than the last one's place. */
function reachOf(offset: number, shape: readonly number[], strides: readonly number[]): number | null {
  if (shape.includes(0)) return 0
  const reach = shape.reduce((last, length, i) => last + (length - 1) * strides[i], offset) + 1
  return Number.isSafeInteger(reach) ? reach : null
}

/** Whether two elements may lie in one place: a stride is shorter than what the smaller ones walk through. */
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
