// Results of a zero-shot task in the files of lm-evaluation-harness 0.4: results_<time>.json, and a line for each row in
// samples_<task>_<time>.jsonl (its loggers/evaluation_tracker.py and evaluator.py).
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { taskOf, type TaskName } from '../../../catalog/tasks/tasks.ts'
import type { Question, Questions } from '../../../catalog/tasks/task.ts'
import { writeAtomic } from '../../../system/atomicFile.ts'
import { makeFolders } from '../../../system/makeFolders.ts'
import { readRows } from '../../text/dataFile.ts'
import { type Figure, pickedByLength, pickedChoices, type TaskResult } from './evaluateTask.ts'
import type { ChoiceScore } from './logLikelihoods.ts'

interface HarnessRequest {
  /** Folder for both files, which is made if it does not exist. */
  readonly folder: string
  readonly task: TaskName
  /** The file of questions, and the number of its first rows that were used. */
  readonly path: string
  readonly limit?: number
  /** The model as the user names it. */
  readonly model: string
  readonly device: string
  /** Version of this program. */
  readonly version?: string
  readonly result: TaskResult
  readonly now: Date
  readonly signal?: AbortSignal
}

interface HarnessFiles {
  readonly results: string
  readonly samples: string
}

/** Paths of the two files. @throws EngineError 'disk', or 'bad-data' when the data has changed since. */
export async function writeHarnessFiles(request: HarnessRequest): Promise<HarnessFiles> {
  const { folder, task, now } = request
  await makeFolders(folder)
  const time = `${now.toISOString().slice(0, -1).replaceAll(':', '-')}000`
  const paths = {
    results: join(folder, `results_${time}.json`),
    samples: join(folder, `samples_${task}_${time}.jsonl`),
  }
  await writeAtomic(paths.samples, sampleLines(request))
  await writeAtomic(paths.results, [`${JSON.stringify(resultsOf(request), null, 2)}\n`])
  return paths
}

async function* sampleLines({
  task,
  path,
  limit = Infinity,
  result,
  signal,
}: HarnessRequest): AsyncGenerator<Uint8Array> {
  const { questions: rules } = taskOf(task)
  if (!rules) return
  let id = 0
  // The harness identifies a question by the hash of its whole row.
  for await (const { row } of readRows(path, rules.columns, signal, true)) {
    const scores = result.scores.at(id)
    if (id >= limit || !scores) break
    const question = rules.ask(row)
    // A row without an answer counts nowhere, so it has no line.
    if (question.gold !== null) yield Buffer.from(`${JSON.stringify(sampleOf(rules, id, row, question, scores))}\n`)
    id++
  }
}

function sampleOf(
  rules: Questions,
  id: number,
  doc: object,
  { requests, gold }: Question,
  scores: readonly ChoiceScore[],
) {
  const completes = rules.answer === 'completion'
  const [picked] = pickedChoices(rules, [scores])
  const lengths = requests.map(({ length }) => length)
  const metrics = {
    ...(completes && { perplexity: scores[0].logLikelihood }),
    acc: Number(picked === gold),
    ...(rules.normalised && { acc_norm: Number(pickedByLength(scores, lengths) === gold) }),
  }
  // The target is the index of the choice, or the completion itself.
  const target = completes ? requests[0].continuation : String(gold)
  const answers = scores.map(({ logLikelihood, greedy }) => [String(logLikelihood), greedy ? 'True' : 'False'])
  return {
    doc_id: id,
    doc,
    target,
    arguments: Object.fromEntries(
      requests.map(({ context, continuation }, i) => [`gen_args_${i}`, { arg_0: context, arg_1: continuation }]),
    ),
    resps: answers.map((answer) => [answer]),
    filtered_resps: answers,
    filter: 'none',
    metrics: Object.keys(metrics),
    doc_hash: hash('sha256', JSON.stringify(doc, null, 2)),
    prompt_hash: hash('sha256', requests[0].context),
    target_hash: hash('sha256', target),
    ...metrics,
  }
}

function resultsOf({ task, model, device, version, limit, path, result, now }: HarnessRequest) {
  const figure = (name: string, { value, stderr }: Figure) => ({
    [`${name},none`]: value,
    [`${name}_stderr,none`]: stderr ?? 'N/A',
  })
  const { acc, accNorm, perplexity, rows, seconds } = result
  const names = ['acc', ...(accNorm ? ['acc_norm'] : []), ...(perplexity === null ? [] : ['perplexity'])]
  return {
    results: {
      [task]: {
        alias: task,
        ...(perplexity !== null && { 'perplexity,none': perplexity, 'perplexity_stderr,none': 'N/A' }),
        ...figure('acc', acc),
        ...(accNorm && figure('acc_norm', accNorm)),
      },
    },
    group_subtasks: { [task]: [] },
    configs: { [task]: { task, dataset_path: path, num_fewshot: 0, metadata: { version: 1 } } },
    versions: { [task]: 1 },
    'n-shot': { [task]: 0 },
    higher_is_better: { [task]: Object.fromEntries(names.map((name) => [name, name !== 'perplexity'])) },
    'n-samples': { [task]: { original: rows, effective: rows } },
    config: {
      model: 'sparsescope',
      model_args: `pretrained=${model}`,
      batch_size: 'auto',
      device,
      limit: limit ?? null,
    },
    git_hash: null,
    date: now.getTime() / 1000,
    sparsescope_version: version,
    model_source: 'sparsescope',
    model_name: model,
    model_name_sanitized: model.replace(/["<>:/|\\?*[\]]+/g, '__'),
    total_evaluation_time_seconds: String(seconds),
  }
}
