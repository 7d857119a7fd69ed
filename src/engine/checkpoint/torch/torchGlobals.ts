// The names that the pickle of a state dict imports, and the value that calling each of them makes. Any other name is
// refused: nothing in a file is ever executed.
import { FormatError, quoted } from '../../../errors.ts'
import { isCount, type SafetensorsDtype } from '../../../catalog/formats/dtypes.ts'

/** Safetensors' element types by PyTorch's names. */
const types: Readonly<Record<string, SafetensorsDtype>> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
  'torch.ComplexFloatStorage': 'C64',
  'torch.float64': 'F64',
  'torch.float32': 'F32',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.int64': 'I64',
  'torch.int32': 'I32',
  'torch.int16': 'I16',
  'torch.int8': 'I8',
  'torch.uint8': 'U8',
  'torch.uint16': 'U16',
  'torch.uint32': 'U32',
  'torch.uint64': 'U64',
  'torch.bool': 'BOOL',
  'torch.complex64': 'C64',
  'torch.float8_e4m3fn': 'F8_E4M3',
  'torch.float8_e5m2': 'F8_E5M2',
  'torch.float8_e8m0fnu': 'F8_E8M0',
}

const torchTypes = Object.keys(types)

/** Element type of a storage's class or a tensor's own type; undefined for an untyped storage. */
export function dtypeOfTorch(type: string): SafetensorsDtype | undefined {
  return Object.hasOwn(types, type) ? types[type] : undefined
}

type Call = (args: readonly Pickled[]) => Pickled

/** Functions that a pickle may call. Those of torch._utils are what a tensor's `__reduce_ex__` names. */
const calls: Readonly<Record<string, Call>> = {
  'collections.OrderedDict': orderedDict,
  'torch._utils._rebuild_tensor': ([storage, offset, shape, strides]) => tensor(storage, offset, shape, strides, null),
  'torch._utils._rebuild_tensor_v2': ([storage, offset, shape, strides, , , state]) =>
    tensor(storage, offset, shape, strides, null, state),
  'torch._utils._rebuild_tensor_v3': ([storage, offset, shape, strides, , , type, state]) =>
    tensor(storage, offset, shape, strides, isNode(type, 'global') ? type.name : '', state),
  'torch._utils._rebuild_parameter': ([data]) => parameter(data),
  'torch._utils._rebuild_parameter_with_state': ([data]) => parameter(data),
  'torch.Size': ([sizes]) => sizes ?? null,
}

const storages = ['torch.storage.UntypedStorage', 'torch.storage.TypedStorage']

const known = new Set([...Object.keys(calls), ...torchTypes, ...storages])

/** Torch's names for sparse, quantised and meta tensors, and for types that no weight of a language model has. */
const otherKinds =
  /^torch\.(?:_utils\._rebuild_(?!tensor|parameter)\w+|(?:ComplexDouble|ComplexHalf|QU?Int\w+)Storage|complex\w+|qu?int\w+|float[48]_\w+)$/

/** @throws FormatError for every name that a state dict does not need. */
export function globalNamed(module: string, name: string): Pickled {
  const full = `${module}.${name}`
  if (!known.has(full) && otherKinds.test(full))
    throw new FormatError(
      `it contains a tensor of an unsupported kind (its pickle imports ${quoted(full)}): save the result of .to_dense(), .dequantize() or .to(torch.float32)`,
      'refused',
    )
  if (!known.has(full))
    throw new FormatError(
      `its pickle imports ${quoted(full)}, which no state dict needs and which could run code; nothing was executed. Load it where you trust it and save model.state_dict(), or use save_pretrained(…, safe_serialization=True)`,
      'refused',
    )
  return { kind: 'global', name: full }
}

/** The value of `callee(*args)`. */
export function reduce(callee: Pickled, args: Pickled): Pickled {
  if (!isNode(callee, 'global') || !isNode(args, 'tuple') || !Object.hasOwn(calls, callee.name))
    throw damaged('calls a value that is not a function')
  return calls[callee.name](args.items)
}

/** A storage, the only kind of object that torch keeps outside the pickle. `id`: `('storage', class, key, device, elements)`. */
export function storageOf(id: Pickled): Pickled {
  const [what, type, key, , elements] = isNode(id, 'tuple') ? id.items : []
  if (what !== 'storage' || !isNode(type, 'global') || typeof key !== 'string' || !isCount(elements))
    throw damaged('names a storage in a form that torch does not write')
  if (!/^[0-9A-Za-z_]{1,64}$/.test(key)) throw new FormatError(`it names a storage ${quoted(key)}; get the file again`)
  return { kind: 'storage', type: type.name, key, elements }
}

function orderedDict([pairs]: readonly Pickled[]): Pickled {
  const keys: Pickled[] = []
  const values: Pickled[] = []
  if (pairs !== undefined && !isNode(pairs, 'list')) throw damaged('makes a dictionary of a value that is not a list')
  for (const pair of pairs?.items ?? []) {
    const items = isNode(pair, 'tuple') || isNode(pair, 'list') ? pair.items : []
    if (items.length !== 2) throw damaged('makes a dictionary of items that are not pairs')
    keys.push(items[0])
    values.push(items[1])
  }
  return { kind: 'dict', keys, values }
}

function tensor(
  storage: Pickled | undefined,
  offset: Pickled | undefined,
  shape: Pickled | undefined,
  strides: Pickled | undefined,
  type: string | null,
  state?: Pickled,
): PickledTensor {
  const lazy = flagIn(state, ['neg', 'conj'])
  if (lazy !== null)
    throw new FormatError(
      `it holds a view whose values are ${lazy === 'neg' ? 'negated' : 'conjugated'} when they are used: save tensor.resolve_conj().resolve_neg()`,
    )
  const [sizes, steps] = [counts(shape), counts(strides)]
  if (!isNode(storage, 'storage') || !isCount(offset) || !sizes || !steps || sizes.length !== steps.length)
    throw damaged('describes a tensor in a form that torch does not write')
  return { kind: 'tensor', storage, type, offset, shape: sizes, strides: steps }
}

/** The first of `names` that is true in the dictionary `state`. */
function flagIn(state: Pickled | undefined, names: readonly string[]): string | null {
  if (state === undefined || !isNode(state, 'dict')) return null
  return names.find((name) => state.values[state.keys.lastIndexOf(name)] === true) ?? null
}

/** Most dimensions, as many as the header of a safetensors file may have. */
const maxDimensions = 64

function counts(value: Pickled | undefined): readonly number[] | null {
  const items = isNode(value, 'tuple') || isNode(value, 'list') ? value.items : null
  return items && items.length <= maxDimensions && items.every(isCount) ? (items as number[]) : null
}

function parameter(data: Pickled | undefined): Pickled {
  if (!isNode(data, 'tensor')) throw damaged('makes a parameter of a value that is not a tensor')
  return data
}

export function damaged(what: string): FormatError {
  return new FormatError(`its pickle ${what}; the file is damaged or was made to mislead: get it again`)
}

// The values on the stack of the pickle machine are data only. Nothing here can run, and no JavaScript object is ever built
// from a name in the file.

/** A name that the file imports, such as `torch.FloatStorage`; it is kept as a name until it is called. */
interface PickledGlobal {
  readonly kind: 'global'
  readonly name: string
}

interface PickledTuple {
  readonly kind: 'tuple'
  readonly items: readonly Pickled[]
}

export interface PickledList {
  readonly kind: 'list'
  readonly items: Pickled[]
}

/** Keys and values in the file's order. If a key occurs twice, its last value counts, as in Python. */
export interface PickledDict {
  readonly kind: 'dict'
  readonly keys: Pickled[]
  readonly values: Pickled[]
}

/** A storage: one run of elements, which tensors share. */
interface PickledStorage {
  readonly kind: 'storage'
  /** The storage's class, `torch.FloatStorage`. */
  readonly type: string
  /** The storage's bytes are the entry `data/<key>` of the archive. */
  readonly key: string
  readonly elements: number
}

export interface PickledTensor {
  readonly kind: 'tensor'
  readonly storage: PickledStorage
  /** Such as `torch.float16`; null when the storage's class gives the type. */
  readonly type: string | null
  /** Elements from the storage's beginning. */
  readonly offset: number
  readonly shape: readonly number[]
  /** Strides in elements. */
  readonly strides: readonly number[]
}

type PickledNode = PickledGlobal | PickledTuple | PickledList | PickledDict | PickledStorage | PickledTensor

export type Pickled = null | boolean | number | bigint | string | PickledNode

export function isNode<K extends PickledNode['kind']>(
  value: Pickled | undefined,
  kind: K,
): value is Extract<PickledNode, { kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind
}
