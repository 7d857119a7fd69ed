// All tasks: sequences of BLAS calls and wasm exports in TypeScript, and each wasm export over a range of items. Every
// thread builds the same table.
import { attentionStepTasks } from './kernels/attentionStepTask.ts'
import { attentionTasks } from './kernels/attentionTasks.ts'
import { packingTasks } from './kernels/packing.ts'
import { elementBytes, packedCode, productTasks } from './kernels/productTasks.ts'
import { weightTasks } from './kernels/weightTasks.ts'
import { factorTasks } from './prune/factor.ts'
import { selectTasks } from './prune/select.ts'
import { sparseGptTasks } from './prune/sparseGpt.ts'
import { swapTasks } from './prune/swaps.ts'
import { packedRows } from './matmul.ts'
import { callStaged } from './staged.ts'
import type { Task, TaskEnv, TaskTable } from './task.ts'
import type { Wasm } from '../../readWasm.ts'
import { isOutside } from './outside.ts'

// Gathers and scatters as pool tasks: directly by the wasm kernels where all tensors are inside the WebAssembly memory; else a
// row at a time through the stage, since rows come in any order.
/** Address inside of an i32 0: the row number for a kernel that is shown only the one row that it needs. */
function firstRow({ stage, wasm }: TaskEnv): number {
  const at = stage.take(4)
  wasm.fillWords(0, 1, at, 0)
  return at
}

/** Args: out, table, dtype code, rows, scale, c, the table's first row, its number of rows. Items: rows of out. */
const gather: Task = (env, args, start, end) => {
  const [out, table, code, rows, scale, c, first, count] = args
  const { stage, wasm } = env
  if (![out, table, rows].some(isOutside))
    return void wasm.gatherRows(start, end, out, table, code, rows, scale, c, first, count)
  const mark = stage.mark()
  const [zero, bytes] = [firstRow(env), c * elementBytes(code)]
  // Rows of a packed table are interleaved, so the whole group of the row is shown.
  const shown = code === packedCode ? packedRows : 1
  stage.readInts(rows + 4 * start, end - start).forEach((id, i) => {
    if (id < first || id >= first + count) return
    const row = stage.mark()
    const own = (id - first) % shown
    const from = stage.bytes('in', table + (id - first - own) * bytes, shown * bytes)
    const to = stage.bytes('out', out + 4 * c * (start + i), 4 * c)
    wasm.gatherRows(0, 1, to, from, code, zero, scale, c, -own, shown)
    stage.flush(row)
  })
  stage.flush(mark)
}

/** Args: out, x, rows, row scale or 0, m, c. Items: columns. */
const scatterAdd: Task = (env, args, start, end) => {
  const [out, x, rows, rowScale, m, c] = args
  const { stage, wasm } = env
  if (![out, x, rows, rowScale].some(isOutside))
    return void wasm.scatterAddRows(start, end, out, x, rows, rowScale, m, c)
  const mark = stage.mark()
  const [zero, columns] = [firstRow(env), end - start]
  stage.readInts(rows, m).forEach((id, i) => {
    const row = stage.mark()
    const to = stage.bytes('inout', out + 4 * (id * c + start), 4 * columns)
    const from = stage.bytes('in', x + 4 * (i * c + start), 4 * columns)
    const scale = rowScale && stage.bytes('in', rowScale + 4 * i, 4)
    wasm.scatterAddRows(0, columns, to, from, zero, scale, 1, columns)
    stage.flush(row)
  })
  stage.flush(mark)
}

/** Args: out, input, then CopyShape from `groups` on, bytes of an element. Items: rows. */
const copyStrided: Task = ({ stage }, args, start, end) => {
  const [out, input, groups, width, outRow, outGroup, outOffset, inRow, inGroup, inOffset, bytes] = args
  for (let g = 0; g < groups; g++) {
    const to = out + (start * outRow + g * outGroup + outOffset) * bytes
    const from = input + (start * inRow + g * inGroup + inOffset) * bytes
    stage.copyRows(to, outRow * bytes, from, inRow * bytes, end - start, width * bytes)
  }
}

const rowTasks: Readonly<Record<string, Task>> = { gather, scatterAdd, copyStrided }

const nativeTasks: Readonly<Record<string, Task>> = {
  ...packingTasks,
  ...productTasks,
  ...weightTasks,
  ...attentionTasks,
  ...attentionStepTasks,
  ...rowTasks,
  ...selectTasks,
  ...factorTasks,
  ...sparseGptTasks,
  ...swapTasks,
}

/** A wasm export as a task: it is called as f(start, end, ...args). */
const wasmTask =
  (name: string): Task =>
  (env, args, start, end) =>
    callStaged(env, name, start, end, args)

export function taskTable(wasm: Wasm): TaskTable {
  const names = [...Object.keys(nativeTasks), ...Object.keys(wasm)]
  const indices = new Map(names.map((name, index) => [name, index]))
  return {
    names,
    tasks: [...Object.values(nativeTasks), ...Object.keys(wasm).map(wasmTask)],
    indexOf(name) {
      const index = indices.get(name)
      if (index === undefined) throw new Error(`internal: no task ${name} (a wasm export, or listed in tasks.ts)`)
      return index
    },
  }
}
