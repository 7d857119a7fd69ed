// Parts of adapters: the interface of a kind, start values, and effective weights.
import type { Backend } from '../../compute/backend.ts'
import { lengthOf, rows, type Tensor } from '../../compute/tensor.ts'
import type { Adapter, Linear, RowRange } from '../../model/module.ts'
import { EngineError } from '../../errors.ts'
import { createRng } from '../../rng.ts'
import { bytesPerElement } from '../../dtype.ts'
import type { Arena } from '../../compute/arena.ts'

/** An adapter that can be merged into its weight. */
export interface TrainableAdapter extends Adapter {
  /** out [O, I] f32 = the weight with the adapter merged into it; pruned entries stay exactly 0. `range` as in `Adapter`. */
  merge(backend: Backend, linear: Linear, out: Tensor, range?: RowRange): void
}

/** A trained parameter and its gradient. */
export interface Trained {
  readonly value: Tensor
  readonly grad: Tensor
}

/** The parts that make an adapter of one linear. */
export interface AdapterParts {
  /** Trained parameters in the order of the kind's `parameters`. */
  readonly trained: readonly Trained[]
  /** Bits [O, ceil(I/32)]; null where every weight is kept. */
  readonly mask: Tensor | null
  readonly rank: number
  /** alpha / rank */
  readonly scale: number
  readonly weights: EffectiveWeights
}

/** One kind of adapter: the arithmetic of a row in src/catalog/adapters, or of the head's low-rank update. */
export interface AdapterKind {
  /** Its parameters for a linear [O, I], in the order of the arena; names follow the linear's. */
  parameters(shape: readonly [number, number], rank: number): readonly AdapterParameter[]
  create(parts: AdapterParts): TrainableAdapter
}

interface AdapterParameter {
  /** Suffix of its name: `lora_A` and `lora_B` as in peft, or a vector of ScaleLoRA. */
  readonly suffix: string
  readonly shape: readonly number[]
  /** Number of equal parameters that it represents in the norm of the gradient. */
  readonly copies?: number
  /** Start value: drawn (or from the file of start matrices), or one number everywhere. */
  readonly start: 'drawn' | number
}

/**
 * A [rank, numIn] of the linear `name`, uniform in ±1/√in (Kaiming uniform with a = √5, as peft does); B starts as 0. Each linear has
 * its own stream of random numbers: what else is adapted does not change it.
 */
export function randomStart(seed: number, name: string, rank: number, numIn: number): Float32Array {
  const rng = createRng(seed, `lora ${name}`)
  const bound = 1 / Math.sqrt(numIn)
  return Float32Array.from({ length: rank * numIn }, () => bound * (2 * rng.uniform() - 1))
}

/** A tensor of the file that recipes name under `lora.init`, as f32, or null when it is not there. */
type ReadStart = (tensor: string) => Promise<{ shape: readonly number[]; values: Float32Array } | null>

/** Tensor `init_A.<name>` of the file. A missing or misshapen tensor is an error, since the run would not be an exact repeat. */
export async function givenStart(
  read: ReadStart,
  name: string,
  rank: number,
  numIn: number,
  place = 'recover',
): Promise<Float32Array> {
  const tensor = `init_A.${name}`
  const found = await read(tensor)
  if (!found)
    throw new EngineError(
      'bad-data',
      `${place}.lora.init: the file has no tensor ${tensor}; add it [${rank}, ${numIn}] or leave lora.init out`,
    )
  if (found.shape.length !== 2 || found.shape[0] !== rank || found.shape[1] !== numIn)
    throw new EngineError(
      'bad-data',
      `${place}.lora.init: ${tensor} is [${found.shape.join(', ')}], expected [${rank}, ${numIn}]; set lora.rank to match`,
    )
  return found.values
}

/**
 * Effective weights of adapted linears in the type that products take, formed once per optimiser step although forward, backward,
 * recomputation and accumulated batches all need them.
 */
export interface EffectiveWeights {
  /** The tensor of this linear, formed by `form` if this is the first time since `invalidate`. */
  of(arena: Arena, name: string, shape: readonly number[], form: (out: Tensor) => void): Tensor
  /** The tensors of linears of one shape, side by side and formed at once; null where there is no memory to keep them this way. */
  together(
    names: readonly string[],
    shape: readonly [number, number],
    form: (outs: readonly Tensor[]) => void,
  ): readonly Tensor[] | null
  /** Call it when the parameters have changed. */
  invalidate(): void
  close(): void
}

/** Keeps effective weights of up to `bytes`; the others are formed in the caller's arena each time. */
export function createEffectiveWeights(backend: Backend, bytes: number): EffectiveWeights {
  const kept = new Map<string, { tensor: Tensor; version: number }>()
  const owned: Tensor[] = []
  let version = 0
  let used = 0
  /** A tensor to keep; null where it would exceed `bytes`. */
  const keep = (shape: readonly number[]): Tensor | null => {
    const size = bytesPerElement[backend.precision] * lengthOf(shape)
    if (used + size > bytes) return null
    used += size
    const tensor = backend.allocate(backend.precision, shape)
    owned.push(tensor)
    return tensor
  }
  return {
    of(arena, name, shape, form) {
      let entry = kept.get(name)
      if (!entry) {
        const own = keep(shape)
        if (!own) {
          const tensor = arena.allocate(shape, backend.precision)
          form(tensor)
          return tensor
        }
        kept.set(name, (entry = { tensor: own, version: -1 }))
      }
      if (entry.version !== version) {
        form(entry.tensor)
        entry.version = version
      }
      return entry.tensor
    },
    together(names, [height, width], form) {
      if (!names.some((name) => kept.has(name))) {
        const all = keep([names.length * height, width])
        if (!all) return null
        names.forEach((name, k) => kept.set(name, { tensor: rows(all, k * height, (k + 1) * height), version: -1 }))
      }
      const entries = names.flatMap((name) => kept.get(name) ?? [])
      if (entries.length < names.length) return null
      const tensors = entries.map(({ tensor }) => tensor)
      if (entries.some((entry) => entry.version !== version)) form(tensors)
      for (const entry of entries) entry.version = version
      return tensors
    },
    invalidate: () => void version++,
    close() {
      for (const tensor of owned.splice(0)) backend.release(tensor)
      kept.clear()
      used = 0
    },
  }
}
