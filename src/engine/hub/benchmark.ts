// What the Hub knows of a data set on whose leaderboard a result is to stand: whether there is one, and its tasks by its eval.yaml.
import { parse } from 'yaml'
import * as z from 'zod'
import { someOf } from '../../formatting/lists.ts'
import { EngineError } from '../errors.ts'
import { hubText } from './repositoryFiles.ts'
import type { Sending } from './sender.ts'

export interface Benchmark {
  /** SparseScope's name of the task. */
  readonly task: string
  /** The data set, org/name. */
  readonly dataset: string
  /** The data set's own name of the task, in its eval.yaml; null: not known. */
  readonly taskId: string | null
}

/** Far more than any eval.yaml has, and quickly parsed whatever it holds. */
const mostCharacters = 2 ** 16
const datasetShape = z.object({ id: z.string() })
const evalShape = z.object({ tasks: z.array(z.object({ id: z.string() })) })

/** Fills in the task where there is but one. @throws EngineError where there is no such data set or task. */
export async function lookUpBenchmark(
  benchmark: Benchmark,
  { access, signal }: Sending,
): Promise<{ benchmark: Benchmark; warning: string | null }> {
  const { task, dataset, taskId } = benchmark
  const refused = (why: string) => new EngineError('usage', `--benchmark ${task}: ${why}`)
  const ask = (path: string, ...bearable: EngineError['code'][]) =>
    hubText(
      access,
      `${access.endpoint}/${path}`,
      { repository: `datasets/${dataset}`, revision: 'main' },
      signal,
    ).catch((error: unknown) => {
      if (error instanceof EngineError && bearable.includes(error.code)) return null
      throw error
    })
  const about = await ask(`api/datasets/${dataset}`, 'not-found')
  if (about === null) throw refused(`there is no data set ${dataset} on ${access.endpoint}; check its name`)
  const id = parsed(about, datasetShape, JSON.parse)?.id ?? dataset
  if (id !== dataset) throw refused(`${dataset} is called ${id} on the Hub; give that name`)
  // One that is gated may be closed to this token.
  const text = await ask(`datasets/${dataset}/resolve/main/eval.yaml`, 'not-found', 'usage')
  const known = parsed(text, evalShape, evalYaml)?.tasks.map((one) => one.id) ?? []
  if (known.length === 0) {
    const warning = `${dataset} has no eval.yaml that can be read here: the Hub shows the result of ${task} only once that data set is a registered benchmark, and by the task's id in that file`
    return { benchmark, warning }
  }
  const own = taskId ?? (known.length === 1 ? known[0] : null)
  if (own !== null && known.includes(own)) return { benchmark: { ...benchmark, taskId: own }, warning: null }
  const why = own === null ? `${dataset} has several tasks` : `${dataset} has no task ${own}`
  throw refused(`${why}; give one of ${someOf(known)}, as in ${task}=${dataset}:${known[0]}`)
}

/** null: there is none, or it is something else. */
function parsed<T>(text: string | null, shape: z.ZodType<T>, read: (text: string) => unknown): T | null {
  try {
    return text === null ? null : shape.parse(read(text))
  } catch {
    return null
  }
}

function evalYaml(text: string): unknown {
  return text.length > mostCharacters ? null : parse(text, { logLevel: 'error' })
}
