// All tasks: sequences of BLAS calls and wasm exports in TypeScript, and each wasm export over a range of items. Every
// thread builds the same table.
import { attentionStepTasks } from './kernels/attentionStepTask.ts'
import { attentionTasks } from './kernels/attentionTasks.ts'
import { productTasks } from './kernels/productTasks.ts'
import { rowTasks } from './kernels/rowTasks.ts'
import { weightTasks } from './kernels/weightTasks.ts'
import { factorTasks } from './prune/factor.ts'
import { selectTasks } from './prune/select.ts'
import { sparseGptTasks } from './prune/sparseGpt.ts'
import { callStaged } from './staged.ts'
import type { Task, TaskTable } from './task.ts'
import type { Wasm } from '../../readWasm.ts'

const nativeTasks: Readonly<Record<string, Task>> = {
  ...productTasks,
  ...weightTasks,
  ...attentionTasks,
  ...attentionStepTasks,
  ...rowTasks,
  ...selectTasks,
  ...factorTasks,
  ...sparseGptTasks,
}

/** A wasm export as a task: it is called as f(start, end, ...args). */
function wasmTask(name: string, wasm: Wasm): Task {
  return ({ stage }, args, start, end) => callStaged(wasm, stage, name, start, end, args)
}

export function taskTable(wasm: Wasm): TaskTable {
  const names = [...Object.keys(nativeTasks), ...Object.keys(wasm)]
  const indices = new Map(names.map((name, index) => [name, index]))
  return {
    names,
    tasks: [...Object.values(nativeTasks), ...Object.keys(wasm).map((name) => wasmTask(name, wasm))],
    indexOf(name) {
      const index = indices.get(name)
      if (index === undefined) throw new Error(`internal: no task ${name} (a wasm export, or listed in tasks.ts)`)
      return index
    },
  }
}
