// Keys and values of one sequence as far as it has been read: what each further token needs of those before it.
import { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { ModelConfig } from '../../shared/families/modelConfig.ts'
import { EngineError } from '../errors.ts'
import { eachTime, type Step } from './module.ts'

export interface KvCache {
  /** Positions that all blocks have. */
  past: number
  /** Positions that there is room for. */
  readonly capacity: number
  /** By block: [capacity, Hkv·D], normed and turned as attention reads them. */
  readonly keys: readonly Tensor[]
  readonly values: readonly Tensor[]
  /** The step of one token, once one has been made (nextToken.ts). */
  recorded: RecordedStep | null
  [Symbol.dispose](): void
}

/** A token after the cached ones, without calling its kernels. */
export interface RecordedStep {
  /** Logits [V] after `id`. */
  next(id: number): Tensor
  close(): void
}

export function createKvCache(backend: Backend, config: ModelConfig, capacity: number): KvCache {
  const arena = new Arena(backend)
  const width = config.numKvHeads * config.headDim
  const ofBlocks = () => Array.from({ length: config.numBlocks }, () => arena.allocate([capacity, width]))
  return {
    past: 0,
    capacity,
    keys: ofBlocks(),
    values: ofBlocks(),
    recorded: null,
    [Symbol.dispose]() {
      this.recorded?.close()
      arena.close()
    },
  }
}

export function kvCacheBytes({ numBlocks, numKvHeads, headDim }: ModelConfig, capacity: number): number {
  return 8 * numBlocks * capacity * numKvHeads * headDim
}

/**
 * Puts a block's new keys and values [T, Hkv·D] behind the others. With something before them, what their query is to look at;
 * null for a beginning, which sees itself alone.
 */
export function remember(
  step: Step,
  cache: KvCache,
  block: number,
  k: Tensor,
  v: Tensor,
): { keys: Tensor; values: Tensor } | null {
  const [count, width] = k.shape
  const [keys, values] = [cache.keys[block], cache.values[block]]
  eachTime(step, () => {
    const { past, capacity } = cache
    if (past + count > capacity || (past > 0 && count > 1))
      throw new EngineError('internal', `${count} tokens after ${past} do not fit a cache of ${capacity}`)
    const shape = {
      ...{ rows: count, groups: 1, width, outRow: width, outGroup: 0, outOffset: past * width },
      ...{ inRow: width, inGroup: 0, inOffset: 0 },
    }
    step.backend.kernels.copy(keys, k, shape)
    step.backend.kernels.copy(values, v, shape)
  })
  return cache.past > 0 ? { keys, values } : null
}
