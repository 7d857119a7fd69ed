// The dozen names that the pickle of a state dict imports, and what calling each means. Any other name is refused,
// so that nothing a file says is ever executed.
import { FormatError, quoted } from '../../../errors.ts'
import { isCount } from '../../../catalog/formats/dtypes.ts'
import { isNode, type Pickled, type PickledTensor } from './pickleValues.ts'
import { torchTypes } from './torchTypes.ts'

type Call = (args: readonly Pickled[]) => Pickled

/** torch._utils: what a tensor's `__reduce_ex__` names. */
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

/** Torch's own, of sparse, quantised and meta tensors, and types that no weight of a language model has. */
const otherKinds =
  /^torch\.(?:_utils\._rebuild_(?!tensor|parameter)\w+|(?:ComplexDouble|ComplexHalf|QU?Int\w+)Storage|complex\w+|qu?int\w+|float[48]_\w+)$/

/** @throws FormatError for every name that a state dict has no need of. */
export function globalNamed(module: string, name: string): Pickled {
  const full = `${module}.${name}`
  if (!known.has(full) && otherKinds.test(full))
    throw new FormatError(
      `it holds a tensor of a kind that has no equal here (its pickle asks for ${quoted(full)}): save what .to_dense(), .dequantize() or .to(torch.float32) make of it`,
      'refused',
    )
  if (!known.has(full))
    throw new FormatError(
      `its pickle asks for ${quoted(full)}, which no state dict needs and which could run code; nothing was executed. Load it where you trust it and save model.state_dict(), or use save_pretrained(…, safe_serialization=True)`,
      'refused',
    )
  return { kind: 'global', name: full }
}

/** The value of `callee(*args)`. */
export function reduce(callee: Pickled, args: Pickled): Pickled {
  if (!isNode(callee, 'global') || !isNode(args, 'tuple') || !Object.hasOwn(calls, callee.name))
    throw damaged('calls what cannot be called')
  return calls[callee.name](args.items)
}

/** The one kind of thing that torch keeps outside of a pickle: `('storage', class, key, device, elements)`. */
export function storageOf(id: Pickled): Pickled {
  const [what, type, key, , elements] = isNode(id, 'tuple') ? id.items : []
  if (what !== 'storage' || !isNode(type, 'global') || typeof key !== 'string' || !isCount(elements))
    throw damaged('names a storage in a way that torch does not')
  if (!/^[0-9A-Za-z_]{1,64}$/.test(key)) throw new FormatError(`it names a storage ${quoted(key)}; get the file again`)
  return { kind: 'storage', type: type.name, key, elements }
}

function orderedDict([pairs]: readonly Pickled[]): Pickled {
  const keys: Pickled[] = []
  const values: Pickled[] = []
  if (pairs !== undefined && !isNode(pairs, 'list')) throw damaged('makes a dictionary of what is no list')
  for (const pair of pairs?.items ?? []) {
    const items = isNode(pair, 'tuple') || isNode(pair, 'list') ? pair.items : []
    if (items.length !== 2) throw damaged('makes a dictionary of what are no pairs')
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
    throw damaged('describes a tensor in a way that torch does not')
  return { kind: 'tensor', storage, type, offset, shape: sizes, strides: steps }
}

/** The first of `names` that a dictionary says is true. */
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
  if (!isNode(data, 'tensor')) throw damaged('makes a parameter of what is no tensor')
  return data
}

export function damaged(what: string): FormatError {
  return new FormatError(`its pickle ${what}; the file is damaged or was made to mislead: get it again`)
}
