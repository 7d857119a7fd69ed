// A thread of the CPU pool: binds the shared memory, the kernels and BLAS, then serves commands until the pool halts.
import { parentPort, workerData } from 'node:worker_threads'
import { loadBlas } from './blas.ts'
import { Control } from './control.ts'
import { loadOneDnn } from './oneDnn.ts'
import { openOutside } from './outside.ts'
import { Replay } from './replay.ts'
import type { WorkerStart } from './pool.ts'
import { createEnv, executorOf } from './task.ts'
import { taskTable } from './tasks.ts'
import { instantiate } from '../../readWasm.ts'

async function main(start: WorkerStart): Promise<void> {
  const wasm = instantiate(start.module, start.memory)
  const { tasks, names } = taskTable(wasm)
  const blas = start.blas ? await loadBlas(start.blas.path, start.blas.kind, start.memory) : null
  const oneDnn = start.oneDnn && (await loadOneDnn(start.oneDnn.path, start.memory, start.oneDnn.withPrimitives))
  const outside = start.outside ? await openOutside(start.memory) : null
  const env = createEnv(wasm, { blas, oneDnn }, outside, start.thread, start.packStart)
  const control = new Control(start.memory)
  // Without this, the caller would go on waiting for a chunk of a thread that has ended.
  process.on('exit', () => control.halted || control.leave())
  parentPort?.postMessage(names.join())
  const replay = new Replay(start.memory, control, start.thread, executorOf(env, tasks))
  control.serve(() => replay.join())
}

await main(workerData as WorkerStart)
