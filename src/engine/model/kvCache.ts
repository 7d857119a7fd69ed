// Keys and values of the tokens of one sequence so far: all that the next token needs of them.
import { fillArena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import { rows, type Tensor } from '../compute/tensor.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { EngineError } from '../errors.ts'

export interface KvCache {
  /** Number of positions that are cached in every block. */
  past: number
  /** Ids of the cached positions, for a model that must compute all of them again (nextToken.ts). */
  readonly ids: number[]
  /** Number of positions that there is room for. */
  readonly capacity: number
  /** Keys and values of each block [capacity, Hkv·D], after norms and rotation, as attention reads them. */
  readonly keys: readonly Tensor[]
  readonly values: readonly Tensor[]
  /** The recorded step of one token; null before the first (nextToken.ts). */
  recorded: RecordedStep | null
  [Symbol.dispose](): void
}

/** Computes the token after the cached ones by replaying recorded kernels. */
export interface RecordedStep {
  /** Logits [V] after `id`. */
  next(id: number): Tensor
  close(): void
}

export function createKvCache(backend: Backend, config: ModelConfig, capacity: number): KvCache {
  const width = config.numKvHeads * config.headDim
  return fillArena(backend, (arena): KvCache => {
    const ofBlocks = () => Array.from({ length: config.numBlocks }, () => arena.allocate([capacity, width]))
    return {
      past: 0,
      ids: [],
      capacity,
      keys: ofBlocks(),
      values: ofBlocks(),
      recorded: null,
      [Symbol.dispose]() {
        this.recorded?.close()
        arena.close()
      },
    }
  })
}

export function kvCacheBytes({ numBlocks, numKvHeads, headDim }: ModelConfig, capacity: number): number {
  return 8 * numBlocks * capacity * numKvHeads * headDim
}

/** Stores a block's keys and values of a sequence's beginning [T, Hkv·D]. */
export function rememberBeginning({ kernels }: Backend, cache: KvCache, block: number, k: Tensor, v: Tensor): void {
  const [count] = k.shape
  requireRoom(cache, count)
  kernels.convert(rows(cache.keys[block], 0, count), k)
  kernels.convert(rows(cache.values[block], 0, count), v)
}

/** Keys and values of a block for `attentionStep`, and their length including the new token, whose rows the kernel writes. */
export function roomForNext(cache: KvCache, block: number): { keys: Tensor; values: Tensor; length: number } {
  requireRoom(cache, 1)
  return { keys: cache.keys[block], values: cache.values[block], length: cache.past + 1 }
}

function requireRoom({ past, capacity }: KvCache, count: number): void {
  if (past + count > capacity || (past > 0 && count > 1))
    throw new EngineError('internal', `${count} tokens after ${past} do not fit a cache of ${capacity}`)
}
