// Weights in the order in which oneDNN's product of bf16 reads them (its tag BA16a64b2a), so that no product packs them. A group of 64
// rows contains its pairs of columns in order; a pair contains its two numbers of each row. In words of 32 bits, a group is transposed.
import type { Packing } from '../../backend.ts'
import type { Tensor } from '../../tensor.ts'
import type { Runner } from '../pool.ts'
import { packedColumns, packedRows } from '../matmul.ts'
import type { Task } from '../task.ts'
import { addresses } from './splits.ts'

/** Args: weight, its columns, whether they are packed already. Items: groups of rows. */
const turnGroups: Task = ({ stage, wasm, scratch }, args, start, end) => {
  const [weight, i, isPacked] = args
  const bytes = 2 * packedRows * i
  const [from, to] = isPacked ? [i / 2, packedRows] : [packedRows, i / 2]
  for (let group = start; group < end; group++) {
    const mark = stage.mark()
    wasm.turnWords(from, to, stage.bytes('inout', weight + group * bytes, bytes), scratch)
    stage.flush(mark)
  }
}

export const packingTasks: Readonly<Record<string, Task>> = { turnGroups }

/** For oneDNN's primitives, if they read packed weights (`readsPacked`). */
export function packing(pool: Runner): Packing {
  const at = addresses(pool)
  const turned = (weight: Tensor, isPacked: boolean): Tensor => {
    const [o, i] = weight.shape
    const scratchBytes = 2 * packedRows * i
    const split = { total: o / packedRows, unit: 1, scratchBytes, stageBytes: scratchBytes + 64 }
    pool.run('turnGroups', split, [at(weight), i, Number(isPacked)])
    return { ...weight, dtype: isPacked ? 'bf16' : 'packed' }
  }
  return {
    pack(weight) {
      const [o, i] = weight.shape
      const fits = weight.dtype === 'bf16' && o % packedRows === 0 && i % packedColumns === 0
      return fits ? turned(weight, false) : weight
    },
    unpack: (weight) => (weight.dtype === 'packed' ? turned(weight, true) : weight),
  }
}
