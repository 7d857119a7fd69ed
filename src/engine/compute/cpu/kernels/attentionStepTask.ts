// Attention of one new token as a pool task. Caches that are outside are shown to the kernel a panel of their rows at a time.
import { isOutside } from '../outside.ts'
import type { Task, TaskEnv } from '../task.ts'

/** Rows of a panel are a multiple of these: the kernel takes so many keys at a time (assembly/decode.ts). */
const keysAtOnce = 8
/** Flags for the kernel: this is the first part of a head's keys; this is the last. */
const [opens, ends] = [1, 2]
/** Bytes that a panel loses to its alignment. */
const slack = 64

/** Bytes of scratch: the highest score and the sum of each head. */
export const stepStateBytes = (numHeads: number) => 8 * numHeads

/** Least bytes of stage if the caches are outside: the token's own rows, and the shortest panels of both caches. */
export function stepStageBytes(numHeads: number, numKvHeads: number, headDim: number): number {
  return 4 * headDim * (2 * numHeads + 2 * keysAtOnce * numKvHeads) + 4 * slack
}

/**
 * Args: out, q [H·D], keys, values [length, Hkv·D], first, length, query heads a kv head, Hkv·D, D, scale, softcap, k, v [Hkv·D].
 * Items: heads. Each chunk first writes its heads' part of k and v to the caches; chunks that share a kv head write the same bytes.
 */
const rememberAndAttend: Task = (env, args, start, end) => {
  const [, , keys, values, , length, group, width, headDim, , , k, v] = args
  const [from, to] = [Math.floor(start / group) * headDim, Math.ceil(end / group) * headDim]
  const bytes = 4 * (to - from)
  for (const [cache, x] of [
    [keys, k],
    [values, v],
  ]) {
    const [near, far] = [x + 4 * from, cache + 4 * ((length - 1) * width + from)]
    env.stage.copyRows(far, bytes, near, bytes, 1, bytes)
  }
  attend(env, args, start, end, from, to)
}

/** Attention of heads [start, end), which read columns [from, to) of the caches. */
function attend(env: TaskEnv, args: readonly number[], start: number, end: number, from: number, to: number): void {
  const { stage, wasm } = env
  const [out, q, keys, values, first, length, group, width, headDim, scale, softcap] = args
  const mark = stage.mark()
  const [skipped, own] = [4 * headDim * start, 4 * headDim * (end - start)]
  // The kernel counts heads and columns from 0. The differences may be below 0: 32-bit addresses wrap around.
  const nearOut = stage.bytes('out', out + skipped, own) - skipped
  const nearQ = stage.bytes('in', q + skipped, own) - skipped
  const isStaged = isOutside(keys) || isOutside(values)
  const row = isStaged ? to - from : width
  const fit = Math.floor((stage.freeBytes - 2 * slack) / (8 * row))
  const panel = isStaged ? Math.max(keysAtOnce, fit - (fit % keysAtOnce)) : length
  for (let key = first; key < length; key += panel) {
    const count = Math.min(panel, length - key)
    const before = stage.mark()
    const [nearK, nearV] = [keys, values].map((cache) => {
      const at = cache + 4 * key * width
      return isStaged ? stage.pack('in', at + 4 * from, count, 4 * row, 4 * width) - 4 * from : at
    })
    const part = (key === first ? opens : 0) | (key + count === length ? ends : 0)
    wasm.attentionStep(
      ...[start, end, nearOut, nearQ, env.scratch - 8 * start, nearK, nearV],
      ...[count, group, row, headDim, scale, softcap, part],
    )
    stage.flush(before)
  }
  stage.flush(mark)
}

export const attentionStepTasks: Readonly<Record<string, Task>> = { rememberAndAttend }
