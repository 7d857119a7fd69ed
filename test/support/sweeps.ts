// Sweeps of a tiny model: the command line and, by default, the runs are in this process.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseLock } from '../../src/runs/lock/lock.ts'
import type { SweepTable } from '../../src/runs/compared/sweepTable.ts'
import { cliIn, cliOfProcesses, entry, type CliResult } from './cli.ts'
import { filesBelow } from './killedRuns.ts'
import { tinyRecipe } from './recipes.ts'
import { scratch, type Scratch } from './scratch.ts'
import { writeTinyIds, writeTinyModel } from './tinyModel.ts'
import { until } from './until.ts'

const data = 'ids.safetensors'

/** A swept recipe of about 20 ms of work with the default `steps`. */
export function sweptRecipe(sweep: object, steps = 3): Record<string, unknown> {
  return tinyRecipe({
    seed: 0,
    recover: { mode: 'reconstruct', steps, train: ['bias', 'norm'], lr: 1e-3 },
    evaluate: [{ data, seq_len: 16, at: ['dense', 'pruned', 'recovered'] }],
    save: { to: 'results/out' },
    sweep,
  })
}

export async function sweepPlace(): Promise<Scratch> {
  const made = scratch()
  await writeTinyModel(made.path('model'))
  writeTinyIds(made.path(data))
  return made
}

export function sweep(place: Scratch, ...args: string[]): Promise<CliResult> {
  return cliIn(place.folder, 'sweep', ...args)
}

/** The same with a process for each run. */
export function sweepOfProcesses(place: Scratch, ...args: string[]): Promise<CliResult> {
  return cliOfProcesses(place.folder, 'sweep', ...args)
}

/** Output of `sweep ACTION … --json`, whatever its exit code. @throws when it prints nothing. */
export async function sweepJson(place: Scratch, ...args: string[]): Promise<SweepTable> {
  const { stdout, stderr } = await sweep(place, ...args, '--json')
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as SweepTable
}

/** A sweep in a process beside the test, with variables of its environment. */
export function sweepBeside(
  { folder }: Scratch,
  env: Readonly<Record<string, string>>,
  ...args: string[]
): { child: ChildProcess; ended: Promise<number | null> } {
  const options = { cwd: folder, env: { ...process.env, ...env }, stdio: 'ignore' as const }
  const child = spawn(process.execPath, [entry, 'sweep', ...args], options)
  return { child, ended: new Promise((resolve) => child.once('exit', (code) => resolve(code))) }
}

/** The only sweep of a place. @throws when there are several. */
export function onlySweep({ folder }: Scratch): string | null {
  const parent = join(folder, '.sparsescope', 'sweeps')
  const names = existsSync(parent) ? readdirSync(parent).filter((name) => !name.startsWith('.')) : []
  if (names.length > 1) throw new Error(`${names.length} sweeps`)
  return names.length === 1 ? join(parent, names[0]) : null
}

/** The results' weights, masks and small files. */
export function results({ folder }: Scratch): Record<string, string> {
  // It names the run folder, whose name has a time in it.
  return filesBelow(join(folder, 'results'), (name) => !name.endsWith('sparsescope.json'))
}

/** Events of a type that a run has said so far. */
export function eventsOf(run: string, type: string): unknown[] {
  const path = join(run, 'events.jsonl')
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
  return lines.map((line) => JSON.parse(line) as { type: string }).filter((event) => event.type === type)
}

const hook = new URL('./holdAfterBlock.mjs', import.meta.url).href

/** Environment of processes whose new runs are held once they have saved their first block: the test acts in the middle of them. */
export function holding(place: Scratch): Record<string, string> {
  mkdirSync(place.path('held'), { recursive: true })
  return { NODE_OPTIONS: `--import ${hook}`, HOLD_IN: place.path('held') }
}

/** A run whose thread of work stands still. */
interface HeldRun {
  readonly pid: number
  goOn(): void
}

/** Waits until a run is held. `folder` is called until it returns one that has begun. */
export async function heldInTheMiddle(place: Scratch, folder: () => string): Promise<HeldRun> {
  const marker = (pid: number) => place.path('held', String(pid))
  const pid = await until('the first block', () => {
    const holder = holderOf(folder())
    return holder !== null && existsSync(marker(holder)) && holder
  })
  return { pid, goOn: () => rmSync(marker(pid)) }
}

/** Process that has a run, by its lock. */
function holderOf(run: string): number | null {
  const path = join(run, 'lock')
  return existsSync(path) ? (parseLock(readFileSync(path, 'utf8'))?.pid ?? null) : null
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
