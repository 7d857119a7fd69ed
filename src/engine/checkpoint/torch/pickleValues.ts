// The values on the stack of the pickle machine are data only. Nothing here can run, and no JavaScript object is ever built
// from a name in the file.

/** A name that the file imports, such as `torch.FloatStorage`; it stands for itself until something is called. */
export interface PickledGlobal {
  readonly kind: 'global'
  readonly name: string
}

export interface PickledTuple {
  readonly kind: 'tuple'
  readonly items: readonly Pickled[]
}

export interface PickledList {
  readonly kind: 'list'
  readonly items: Pickled[]
}

/** Keys and values in the file's order; of equal keys the last counts, as in Python. */
export interface PickledDict {
  readonly kind: 'dict'
  readonly keys: Pickled[]
  readonly values: Pickled[]
}

/** A storage: one run of elements, which tensors share. */
export interface PickledStorage {
  readonly kind: 'storage'
  /** The storage's class, `torch.FloatStorage`. */
  readonly type: string
  /** Names its bytes in the archive: `data/<key>`. */
  readonly key: string
  readonly elements: number
}

export interface PickledTensor {
  readonly kind: 'tensor'
  readonly storage: PickledStorage
  /** `torch.float16`, when the tensor names its type itself; null when the storage's class does. */
  readonly type: string | null
  /** Elements from the storage's beginning. */
  readonly offset: number
  readonly shape: readonly number[]
  /** Offset in elements. */
  readonly strides: readonly number[]
}

export type PickledNode = PickledGlobal | PickledTuple | PickledList | PickledDict | PickledStorage | PickledTensor

export type Pickled = null | boolean | number | bigint | string | PickledNode

export function isNode<K extends PickledNode['kind']>(
  value: Pickled | undefined,
  kind: K,
): value is Extract<PickledNode, { kind: K }> {
  return typeof value === 'object' && value !== null && value.kind === kind
}
