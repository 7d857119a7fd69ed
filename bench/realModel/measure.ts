// Runs a row of bench/realModel.ts, by SparseScope or by the PyTorch peer, and measures the folder that it saves.
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { TextSource } from '../support/allText.ts'
import { meanAccuracy } from '../../src/runs/series/accuracies.ts'
import type { Accuracy } from '../../src/runs/series/foldRun.ts'
import { peerProgram, python, runJson, sparsescope } from '../support/process.ts'
import { writeRandomIds } from '../support/randomIds.ts'
import type { Row } from './rows.ts'

/** What is measured of a saved model. */
export interface Quality {
  /** On text of the kind that is trained on. */
  perplexity: number
  /** On text of another kind. */
  other?: number
  /** Mean over the tasks. */
  accuracy?: Accuracy
}

export interface Result extends Quality {
  seconds: number
  megabytes: number
  /** Processor time of the run; a machine with other work makes seconds meaningless. */
  processorSeconds?: number
  /** Trained parameters in percent of the model's. */
  trainedPercent?: number
}

export interface Bench {
  model: string
  out: string
  text: TextSource
  /** Ids of text of another kind, as `evaluation`. */
  otherIds?: string
  /** A folder with TASK.jsonl files, and how many rows of each count. */
  tasks?: string
  limit: string
  steps: number
  precision: string
  /** Precision in which saved models are evaluated. */
  evaluatePrecision: string
  /** Host memory of every command, such as 8GB. */
  memory?: string
}

const memoryOf = ({ memory }: Bench) => (memory ? ['--memory', memory] : [])

/** Measures what `known` lacks of perplexities and accuracy: on the model as saved, rounded to bf16 and loaded again. */
export function qualityOf(bench: Bench, folder: string, known: Partial<Quality>): Quality {
  const { text, otherIds, tasks, limit, evaluatePrecision } = bench
  const evaluate = <T>(...args: string[]) =>
    sparsescope<T>('evaluate', folder, '--precision', evaluatePrecision, ...memoryOf(bench), ...args).json
  const perplexity = (ids: string) =>
    evaluate<{ perplexity: number }>('--data', ids, '--field', 'evaluation', '--seq-len', '512').perplexity
  const accuracy = (data: string) =>
    meanAccuracy(
      readdirSync(data)
        .filter((file) => file.endsWith('.jsonl'))
        .map((file) => ['--task', basename(file, '.jsonl'), '--data', join(data, file), '--limit', limit])
        .map((args) => evaluate<Accuracy>(...args)),
    )
  return {
    perplexity: known.perplexity ?? perplexity(text.ids),
    other: known.other ?? (otherIds ? perplexity(otherIds) : undefined),
    accuracy: known.accuracy ?? (tasks ? (accuracy(tasks) ?? undefined) : undefined),
  }
}

export interface Job {
  row: Row
  seed: number
  /** Where the result is saved. */
  folder: string
  /** What the row recovers, and its result; without, it starts at the dense model. */
  from?: { folder: string; result: Result }
}

export function recipeOf(bench: Bench, { row, seed, folder, from }: Job): object {
  const { model, text, steps, precision } = bench
  return {
    version: 1,
    model: from?.folder ?? model,
    seed,
    precision,
    ...(row.method && { prune: [pruneOf(row)] }),
    calibration: windowsOf(text, 'calibration'),
    ...(row.recover && {
      recover: {
        mode: row.recover.mode,
        train: row.recover.train,
        lr: row.recover.lr,
        targets: row.recover.targets,
        // Fitting takes steps of conjugate gradients, as many as it defaults to.
        ...(row.recover.mode !== 'refit' && { steps }),
        ...(row.recover.mode === 'retrain' && trainingText(bench, row)),
        ...(row.recover.loss && { loss: row.recover.loss, dense: model }),
      },
    }),
    save: { to: folder },
  }
}

/** The spread over the depth with the lowest perplexity of those tried at each sparsity, by SmolLM2 and ALPS. */
const spreadAt = (sparsity: number) => (sparsity <= 0.5 ? 0.05 : sparsity <= 0.6 ? 0.1 : 0.15)

function pruneOf({ method, pattern, sparsity = 0.5, reorder, swaps, allocation }: Row): object {
  return {
    method,
    ...(pattern ? { pattern } : { sparsity }),
    ...(reorder && { reorder }),
    ...(swaps && { swaps }),
    ...(allocation && { allocation }),
    ...(allocation === 'depth' && { depth: { spread: spreadAt(sparsity) } }),
  }
}

function windowsOf(text: TextSource, use: 'calibration' | 'training'): object {
  const source = text.documents ? { data: text.documents } : { data: text.ids, field: use }
  return { ...source, samples: text[use], seq_len: 512 }
}

function trainingText({ out, text }: Bench, { randomText }: Row): object {
  if (!randomText) return windowsOf(text, 'training')
  const data = join(out, 'random.safetensors')
  writeRandomIds(data, [text.training, 512])
  return { data, field: 'ids', samples: text.training, seq_len: 512 }
}

export function ours(bench: Bench, job: Job): Result {
  const { folder, from } = job
  const recipe = `${folder}.prune.yaml`
  writeFileSync(recipe, JSON.stringify(recipeOf(bench, job), null, 2))
  rmSync(folder, { recursive: true, force: true })
  const { json, seconds, processorSeconds } = sparsescope<{
    peak_memory_mb: number
    trainable: { percent: number } | null
  }>('run', recipe, ...memoryOf(bench))
  return {
    ...qualityOf(bench, folder, {}),
    seconds: seconds + (from?.result.seconds ?? 0),
    processorSeconds: processorSeconds + (from?.result.processorSeconds ?? 0),
    megabytes: Math.max(json.peak_memory_mb, from?.result.megabytes ?? 0),
    trainedPercent: json.trainable?.percent,
  }
}

/** The same row by the peer's `program`, in the precision of the bench: f32, or bf16 under autocast. */
export function peer(bench: Bench, row: Row, program: string): Result {
  const { model, out, text, steps } = bench
  const folder = join(out, `${row.name}-peer`)
  const command = row.recover?.mode ?? 'prune'
  const args = [
    ...peerProgram(program, bench.precision),
    command,
    model,
    '--calib',
    text.ids,
    '--key',
    'calibration',
    '--method',
    String(row.method),
  ]
  args.push('--save', folder, ...(row.pattern ? ['--pattern', row.pattern] : ['--sparsity', '0.5']))
  if (row.recover?.train) {
    args.push('--train', row.recover.train.join(','), '--rank', '16')
    args.push('--iterations', String(steps), '--lr', String(row.recover.lr))
    if (command === 'retrain') args.push('--batches', text.ids, '--batches-key', 'training')
  }
  const { json } = runJson<{ seconds: { total: number }; peak_rss_mb: number }>(python, args)
  return {
    ...qualityOf(bench, folder, {}),
    seconds: json.seconds.total,
    megabytes: json.peak_rss_mb * 1.048576,
  }
}
