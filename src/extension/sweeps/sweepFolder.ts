// A sweep's folder as the editor reads it: its plan, and what it says of runs that have no folder of their own.
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { runName } from '../../shared/format/runName.ts'
import { parseCancelled, parsePlan, type Plan } from '../../shared/sweep/parsePlan.ts'
import { readRunFile } from '../disk/runFiles.ts'
import type { LookAround } from './followedRuns.ts'
import type { RunPlace } from './followedRun.ts'

const largestPlan = 64 * 2 ** 20
const largestNote = 2 ** 16

/** @throws Error with a sentence for people. */
export async function readPlan(folder: string): Promise<Plan> {
  const path = join(folder, 'plan.json')
  const text = await readRunFile(path, largestPlan)
  try {
    return parsePlan(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`${path} is no plan of a sweep: ${why}. Run the recipe's sweep again to make another.`, { cause: error }) // prettier-ignore
  }
}

export function placesOf(folder: string, { runs }: Plan): RunPlace[] {
  return runs.map(({ name, settings }, i) => ({ name, settings, folder: join(folder, 'runs', String(i)) }))
}

/** `queued`: runs that an engine will still begin. */
export function marksOf(folder: string, queued: () => Promise<ReadonlySet<number>>): LookAround {
  return async () => {
    const [cancelled, refusals, waiting] = await Promise.all([
      readRunFile(join(folder, 'cancelled.json'), 2 ** 20).then(parseCancelled, () => new Set<number>()),
      readRefusals(join(folder, 'refused')),
      queued(),
    ])
    return (index) => ({
      isQueued: waiting.has(index),
      isCancelled: cancelled.has(index),
      refusal: refusals.get(index) ?? null,
    })
  }
}

async function readRefusals(folder: string): Promise<Map<number, string>> {
  const names = await readdir(folder).catch(() => [])
  const indices = names.flatMap((name) => (/^\d{1,6}\.txt$/.test(name) ? [Number.parseInt(name, 10)] : []))
  const texts = await Promise.all(
    indices.map(async (index): Promise<[number, string][]> => {
      const text = await readRunFile(join(folder, `${index}.txt`), largestNote).catch(() => null)
      return text === null ? [] : [[index, text.trim()]]
    }),
  )
  return new Map(texts.flat())
}

/** The sweep that a run's folder lies in, `…/sweeps/<sweep>/runs/<index>`; null for a run of its own. */
export function sweepOfRun(run: string): string | null {
  const [runs, sweep] = [dirname(run), dirname(dirname(run))]
  const isIn = basename(runs) === 'runs' && basename(dirname(sweep)) === 'sweeps' && /^\d+$/.test(basename(run))
  return isIn ? sweep : null
}

/** What a run folder is called, and when it began: of one in a sweep the sweep's name and time, and its number. */
export function nameOfRun(folder: string): ReturnType<typeof runName> {
  const sweep = sweepOfRun(folder)
  if (sweep === null) return runName(basename(folder))
  const { name, ...times } = runName(basename(sweep))
  return { name: `${name} #${basename(folder)}`, ...times }
}
