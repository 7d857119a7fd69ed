// `--benchmark TASK=DATASET[:TASK_ID]` of push.
import { EngineError } from '../engine/errors.ts'
import type { Benchmark } from '../engine/run/origin/evalResults.ts'
import { zeroShotNames } from '../catalog/tasks/tasks.ts'
import { taskNamed } from './options.ts'

/** @throws EngineError 'usage'. */
export function benchmarksOf(given: readonly string[]): Benchmark[] {
  const benchmarks = given.map((text) => {
    const [, name = '', dataset, taskId = null] = /^([^=]*)=([^:]*)(?::(\S+))?$/.exec(text) ?? []
    if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(dataset ?? ''))
      throw new EngineError(
        'usage',
        `--benchmark ${text}: give TASK=ORG/DATASET or TASK=ORG/DATASET:TASK_ID, such as arc_easy=allenai/ai2_arc:ARC-Easy`,
      )
    return { task: taskNamed('--benchmark', name, zeroShotNames), dataset, taskId }
  })
  const twice = benchmarks.find(({ task }, i) => benchmarks.findIndex((one) => one.task === task) < i)
  if (!twice) return benchmarks
  throw new EngineError('usage', `--benchmark ${twice.task} is given twice; leave one out`)
}
