// Runs that are killed at one exact point (src/engine/killPoint.ts), and what is left of them.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { lockName } from '../../src/runs/lock/lock.ts'
import type { RunEvent } from '../../src/runs/series/events.ts'
import type { RunReport } from '../../src/engine/run/report/report.ts'
import { entry } from './cli.ts'

/** Runs the built command line; true when it was killed at the point, false when it ended before. */
export function killedAt(point: number, folder: string, ...args: string[]): boolean {
  const { signal, status, stderr } = spawnSync(process.execPath, [entry, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, SPARSESCOPE_KILL_AT: String(point) },
  })
  if (signal === 'SIGKILL') return true
  if (status !== 0) throw new Error(`point ${point}: exit code ${status}: ${stderr}`)
  return false
}

/** Every file below a folder with its hash; times in the names of run folders are left out. */
export function filesBelow(folder: string, hashed: (path: string) => boolean): Record<string, string> {
  const files: Record<string, string> = {}
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(found.parentPath, found.name)
    const name = relative(folder, path).replace(/\d{8}-\d{6}-/, 'TIME-')
    const isFile = found.isFile() && hashed(name)
    files[name] = isFile ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''
  }
  return files
}

/** The only run folder of a place, or null. */
export function onlyRun(folder: string): string | null {
  const parent = join(folder, '.sparsescope', 'runs')
  const names = existsSync(parent) ? readdirSync(parent).filter((name) => !name.startsWith('.')) : []
  if (names.length > 1) throw new Error(`${names.length} runs in ${parent}`)
  return names.length === 1 ? join(parent, names[0]) : null
}

/** Takes a killed process's lock away: waiting until it has run out is runLock.test.ts's subject, and slow. */
export function forgetLock(run: string): void {
  rmSync(join(run, lockName), { force: true })
}

/** Events and report of a run, without times, memory and progress. */
export function saidBy(run: string): { events: unknown[]; report: unknown } {
  const passing = ['start', 'phase', 'progress', 'memory']
  const events = readFileSync(join(run, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent)
    .filter(({ type }) => !passing.includes(type))
  const { evaluations, blocks, ...report } = JSON.parse(readFileSync(join(run, 'report.json'), 'utf8')) as RunReport
  const { status, message, perplexity, sparsity, trainable, warnings, device } = report
  return {
    events: events.map(withoutTimes),
    report: {
      status,
      message,
      perplexity,
      sparsity,
      trainable,
      warnings,
      device: device.description,
      evaluations: evaluations.map(withoutTimes),
      blocks: blocks.map(withoutTimes),
    },
  }
}

function withoutTimes(value: object): object {
  const times = ['t', 'seconds', 'tokens_per_second', 'path']
  return Object.fromEntries(Object.entries(value).filter(([key]) => !times.includes(key)))
}
