// The rows of a task that a model answered correctly: from the report of a run, or from the samples of lm-evaluation-harness,
// which `evaluate --out` writes too. Neither is trusted.
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isRecord } from '../../../catalog/formats/json.ts'
import { answersIn } from '../../../runs/compared/answers.ts'
import { EngineError } from '../../errors.ts'
import { readReport } from '../../../runs/reader/report.ts'
import { runFolderAt } from '../../../runs/folder/runFolder.ts'
import { readError } from '../../../system/diskErrors.ts'
import { readLines } from '../../text/textCorpus.ts'

interface RightRow {
  readonly right: boolean
  /** Identifies the question: rows of two results of the same `kind` answer the same question if these are equal. */
  readonly question: string
}

export interface RightRows {
  readonly kind: 'report' | 'samples'
  /** The file that was read. */
  readonly path: string
  /** By place in the data, from 0. */
  readonly rows: ReadonlyMap<number, RightRow>
}

const mostRows = 1e6

/** `path`: a run's folder, a samples file, or a folder of those (the task's newest is read). @throws EngineError 'not-found', 'bad-data' */
export async function rightRowsOf(path: string, task: string, signal?: AbortSignal): Promise<RightRows> {
  const found = await stat(path).catch((error: unknown) => {
    throw readError(error, path)
  })
  if (!found.isDirectory()) return fromSamples(path, signal)
  const report = await readReport(runFolderAt(path))
  if (report !== null) return fromReport(report, path, task)
  const samples = (await samplesIn(path, task)).sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1)).at(-1)
  if (samples !== undefined) return fromSamples(samples, signal)
  throw new EngineError(
    'not-found',
    `${path} has neither a run's report.json nor a samples_${task}_….jsonl: write one with \`sparsescope evaluate --task ${task} --out DIR\`, or lm_eval --log_samples`,
  )
}

function fromReport(report: unknown, path: string, task: string): RightRows {
  const own = answersIn(report).find((one) => one.task === task)
  if (!own)
    throw new EngineError(
      'bad-data',
      `the run ${path} kept no answers to ${task}: name the task in its recipe's evaluate`,
    )
  const rows = new Map<number, RightRow>()
  for (const [row, gold] of [...own.gold].entries())
    if (gold !== '-') rows.set(row, { right: own.picked[row] === gold, question: gold })
  return { kind: 'report', path, rows }
}

/** Looks in subfolders too, since the harness writes into a subfolder named after the model. */
async function samplesIn(folder: string, task: string, depth = 1): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const found: string[] = []
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (
      entry.isFile() &&
      entry.name.startsWith(`samples_${task}_`) &&
      /_\d[^_]*\.jsonl$/.test(entry.name) &&
      taskIn(entry.name) === task
    )
      found.push(path)
    if (entry.isDirectory() && depth > 0) found.push(...(await samplesIn(path, task, depth - 1)))
  }
  return found
}

function taskIn(name: string): string {
  return name.slice('samples_'.length, name.lastIndexOf('_'))
}

function timeOf(path: string): string {
  const name = basename(path)
  return name.slice(name.lastIndexOf('_') + 1)
}

async function fromSamples(path: string, signal?: AbortSignal): Promise<RightRows> {
  const rows = new Map<number, RightRow>()
  let number = 0
  for await (const line of readLines(path, signal)) {
    number++
    if (line.length === 0) continue
    const sample = parsed(line, `${path}:${number}`)
    const { doc_id: id, acc, target, doc_hash: hash } = sample
    if (!Number.isInteger(id) || (id as number) < 0)
      throw new EngineError(
        'bad-data',
        `${path}:${number}: doc_id is not a row number; is it a samples file of lm-evaluation-harness?`,
      )
    if (typeof acc !== 'number' && typeof acc !== 'boolean')
      throw new EngineError(
        'bad-data',
        `${path}:${number} has no acc: only tasks that are right or wrong can be compared`,
      )
    // A row has a line for each filter; the first one counts.
    if (!rows.has(id as number))
      rows.set(id as number, { right: Number(acc) >= 0.5, question: JSON.stringify(hash ?? target ?? null) })
    if (rows.size > mostRows)
      throw new EngineError('bad-data', `${path} has more than ${mostRows} rows, the limit; compare fewer`)
  }
  if (rows.size === 0)
    throw new EngineError('bad-data', `${path} has no rows; give a samples file of lm-evaluation-harness`)
  return { kind: 'samples', path, rows }
}

function parsed(line: Buffer, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    if (isRecord(value)) return value
  } catch {
    // The error below covers this case too.
  }
  throw new EngineError('bad-data', `${where} is not a line of JSON; is it a samples file of lm-evaluation-harness?`)
}
