// Keys and values of one sequence as far as it has been read: what each further token needs of those before it.
import type { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { ModelConfig } from '../../shared/families/modelConfig.ts'
import { EngineError } from '../errors.ts'

export interface KvCache {
  /** Positions that all blocks have. */
  past: number
  /** Positions that there is room for. */
  readonly capacity: number
  /** By block: [capacity, Hkv·D], normed and turned as attention reads them. */
  readonly keys: readonly Tensor[]
  readonly values: readonly Tensor[]
}

/** In `arena`. */
export function createKvCache(arena: Arena, config: ModelConfig, capacity: number): KvCache {
  const width = config.numKvHeads * config.headDim
  const ofBlocks = () => Array.from({ length: config.numBlocks }, () => arena.allocate([capacity, width]))
  return { past: 0, capacity, keys: ofBlocks(), values: ofBlocks() }
}

export function kvCacheBytes({ numBlocks, numKvHeads, headDim }: ModelConfig, capacity: number): number {
  return 8 * numBlocks * capacity * numKvHeads * headDim
}

/**
 * Puts a block's new keys and values [T, Hkv·D] behind the others. With something before them, what its query is to look at;
 * null for a beginning, which sees itself alone.
 */
export function remember(
  backend: Backend,
  cache: KvCache,
  block: number,
  k: Tensor,
  v: Tensor,
): { keys: Tensor; values: Tensor; length: number } | null {
  const [count, width] = k.shape
  const length = cache.past + count
  if (length > cache.capacity || (cache.past > 0 && count > 1))
    throw new EngineError('internal', `${count} tokens after ${cache.past} do not fit a cache of ${cache.capacity}`)
  const shape = {
    ...{ rows: count, groups: 1, width, outRow: width, outGroup: 0, outOffset: cache.past * width },
    ...{ inRow: width, inGroup: 0, inOffset: 0 },
  }
  const [keys, values] = [cache.keys[block], cache.values[block]]
  backend.kernels.copy(keys, k, shape)
  backend.kernels.copy(values, v, shape)
  return cache.past > 0 ? { keys, values, length } : null
}
