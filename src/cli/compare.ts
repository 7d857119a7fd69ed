// `sparsescope compare`: changes between two checkpoints and whether the zeros survived; or the answers of two models to one task.
import { Option } from 'commander'
import { openInspection, type Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import { wholeOf } from '../engine/checkpoint/inspection.ts'
import { isHubName } from '../engine/checkpoint/hubCache.ts'
import { compareCheckpoints } from '../engine/checkpoint/stats/compareCheckpoints.ts'
import { compareText } from '../engine/checkpoint/stats/inspectText.ts'
import type { CompareSummary } from '../protocol/inspect.ts'
import { EngineError } from '../engine/errors.ts'
import { closing, command, type CommonOptions, type Context, type Outcome, runs } from './command.ts'
import { toldRemote } from './remote.ts'
import { plural, formatShare } from '../formatting/numbers.ts'
import { type RightRows, rightRowsOf } from '../engine/evaluate/tasks/rightRows.ts'
import { mcnemarP, pText } from '../runs/compared/answers.ts'

interface CompareCliOptions extends CommonOptions {
  expect?: 'mask-preserved'
  remote?: boolean
  task?: string
}

export const compareCommand = command(
  'compare',
  'compare two checkpoints, tensor by tensor; or what two models answered to the same questions',
  [
    'compare opt-125m opt-125m-wanda50',
    'compare sparse sparse-finetuned --expect mask-preserved',
    'compare opt-125m-wanda50 hf:facebook/opt-125m --remote',
    'compare SmolLM2-135M SmolLM2-135M-Q8_0.gguf',
    'compare .sparsescope/runs/20261125-020304-wanda lm-eval-out --task arc_easy',
  ],
)
  .argument('<a>', 'a model folder, index or file (*.gguf too), or hf:org/name[@revision]')
  .argument('<b>', 'another')
  .addOption(
    new Option('--expect <what>', 'exit with 3 unless A has zeros and they are zero in B').choices(['mask-preserved']),
  )
  .option(
    '--task <name>',
    'A and B are runs, or folders with samples_<task>_….jsonl (of evaluate --out or lm_eval --log_samples): shows the questions that only one answers right',
  )
  .option('--remote', 'read hf:org/name from the Hub: fetches every weight, one tensor at a time, and keeps nothing')
  .action(runs((context, a: string, b: string, options: CompareCliOptions) => compare(context, a, b, options)))

async function compare(context: Context, pathA: string, pathB: string, options: CompareCliOptions): Promise<Outcome> {
  if (options.task !== undefined) {
    const flag = options.expect ? '--expect' : options.remote ? '--remote' : null
    if (flag)
      throw new EngineError('usage', `${flag} compares weights, and --task compares answers: remove one of them`)
    return compareTask(context, pathA, pathB, options.task)
  }
  const open = async (path: string): Promise<Checkpoint> =>
    options.remote && isHubName(path)
      ? wholeOf((await toldRemote(context, path, () => true)).inspection)
      : wholeOf(await openInspection(path))
  await using a = closing(await open(pathA))
  await using b = closing(await open(pathB))
  const summary = await compareCheckpoints(a.value, b.value, {
    signal: context.signal,
    onTensor: (done, total) => {
      if (total > quietTensors) context.progress({ what: 'comparing', count: { done, total, unit: 'tensors' } })
    },
  })
  const failed = options.expect === 'mask-preserved' && !summary.maskPreserved
  const text = compareText(summary, a.value.path, b.value.path, context.columns)
  return { json: toJson(summary), text, exitCode: failed ? 3 : 0 }
}

/** Fewer tensors take no noticeable time and need no progress bar. */
const quietTensors = 100

function toJson({ added, removed, reshaped, changed, same, maskPreserved, verdict }: CompareSummary): unknown {
  return {
    added,
    removed,
    reshaped,
    // JSON has neither infinity nor NaN: such a difference is null.
    changed: changed.map(({ name, maxAbs, drift, filled, emptied, parameters, role, block }) => {
      return { name, max_abs: Number.isFinite(maxAbs) ? maxAbs : null, drift, filled, emptied, parameters, role, block }
    }),
    same,
    mask_preserved: maskPreserved,
    verdict,
  }
}

/** --task: the answers of two models to the same questions. @throws EngineError 'bad-data' where they were not asked the same. */
async function compareTask(context: Context, pathA: string, pathB: string, task: string): Promise<Outcome> {
  const a = await rightRowsOf(pathA, task, context.signal)
  const b = await rightRowsOf(pathB, task, context.signal)
  const rows: { doc_id: number; a: boolean; b: boolean }[] = []
  for (const [id, own] of a.rows) {
    const other = b.rows.get(id)
    if (!other) continue
    if (a.kind === b.kind && own.question !== other.question) throw notTheSame(task, id, a, b)
    rows.push({ doc_id: id, a: own.right, b: other.right })
  }
  if (rows.length === 0) throw notTheSame(task, null, a, b)
  const count = (isA: boolean, isB: boolean) => rows.filter((row) => row.a === isA && row.b === isB).length
  const counts = {
    both: count(true, true),
    only_a: count(true, false),
    only_b: count(false, true),
    neither: count(false, false),
  }
  const p = mcnemarP(counts.only_a, counts.only_b)
  const flipped = rows.filter((row) => row.a !== row.b)
  const left = a.rows.size + b.rows.size - 2 * rows.length
  const listed = (isA: boolean) =>
    flipped
      .filter((row) => row.a === isA)
      .slice(0, mostListed)
      .map(({ doc_id: id }) => id)
      .join(', ')
  const share = (right: number) => formatShare(right / rows.length, 1)
  const text = [
    `A: ${a.path}\nB: ${b.path}`,
    `${task}, ${plural(rows.length, 'row')}: A ${share(counts.both + counts.only_a)}, B ${share(counts.both + counts.only_b)} right`,
    `both right ${counts.both}, only A ${counts.only_a}, only B ${counts.only_b}, neither ${counts.neither}; ${pText(p)} (McNemar, exact)`,
    ...(counts.only_a > 0 ? [`only A: rows ${listed(true)}${counts.only_a > mostListed ? ', …' : ''}`] : []),
    ...(counts.only_b > 0 ? [`only B: rows ${listed(false)}${counts.only_b > mostListed ? ', …' : ''}`] : []),
    ...(left > 0 ? [`${plural(left, 'row')} of only one of them left out`] : []),
  ].join('\n')
  return { json: { task, ...counts, p, rows }, text }
}

/** Most rows that the text lists; `--json` lists all of them. */
const mostListed = 20

function notTheSame(task: string, row: number | null, a: RightRows, b: RightRows): EngineError {
  const where = row === null ? 'they have no row in common' : `row ${row} is another question`
  return new EngineError('bad-data', `${a.path} and ${b.path} were not asked the same ${task}: ${where}`)
}
