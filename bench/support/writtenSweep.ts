// A sweep's folder as its engine writes it, with runs of so many optimiser steps: for measuring what reads it.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { beatMs, encodeLock, lockName } from '../../src/runs/lock/lock.ts'
import type { RunEvent } from '../../src/runs/series/events.ts'
import { encodeSummary, SummaryFold } from '../../src/runs/series/runSummary.ts'
import type { ComparedRow } from '../../src/protocol/sweepView.ts'
import { recordedRows } from '../../test/webview/harness/recordedSweep.ts'
import { recordedRun } from '../../test/webview/harness/recorded.ts'

const holder = { token: '0'.repeat(32), pid: 1, host: 'bench', boot: null, pidSpace: null }

/** Touches the locks as the processes of the runs do. */
const beat = `
const { parentPort, workerData: { locks, text, beatMs } } = require('node:worker_threads')
const { writeFileSync } = require('node:fs')
const all = () => { for (const path of locks) writeFileSync(path, text) }
all()
setInterval(all, beatMs)
parentPort.postMessage(null)
`

export interface WrittenSweep {
  readonly folder: string
  readonly bytes: number
  /** Writes so many steps, and its summary, as a run does while it works; returns their bytes. */
  grow(run: number, steps: number): number
  /** Ends the worker that touches the locks, and removes the sweep's folder. */
  remove(): Promise<void>
}

/** Rows of several sweeps, which differ by a setting. */
export function manyRows(numRuns: number): ComparedRow[] {
  const copies = Array.from({ length: Math.ceil(numRuns / 90) }, (_, copy) =>
    recordedRows(15, 1).map((row) => ({ ...row, settings: { ...row.settings, 'recover.lr': copy } })),
  )
  return copies
    .flat()
    .slice(0, numRuns)
    .map((row, index) => ({ ...row, index }))
}

export async function writeSweep(numRuns: number, numSteps: number, state: 'done' | 'running'): Promise<WrittenSweep> {
  const place = mkdtempSync(join(tmpdir(), 'sweep-'))
  const folder = join(place, '.sparsescope', 'sweeps', '20261231-235958-opt-125m')
  mkdirSync(join(folder, 'runs'), { recursive: true })
  const rows = manyRows(numRuns)
  const runs = rows.map(({ index, name, settings }) => ({ index, name, settings, hash: '0'.repeat(64) }))
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ id: '0123456789abcdef', runs, base: '../../..' }))
  const at = (run: number) => join(folder, 'runs', String(run))
  const steps = rows.map(() => 0)
  const folds = rows.map(() => new SummaryFold())
  const write = (run: number, events: readonly RunEvent[]) => {
    const text = lines(events)
    appendFileSync(join(at(run), 'events.jsonl'), text)
    folds[run].add(events)
    const summary = encodeSummary(folds[run].summary())
    writeFileSync(join(at(run), 'summary.json'), summary)
    return text.length + summary.length
  }
  const nextSteps = (run: number, count: number) => Array.from({ length: count }, () => step(run, ++steps[run])).flat()
  let bytes = 0
  const [head, tail] = surroundings()
  for (const [run, { results, trainablePercent }] of rows.entries()) {
    mkdirSync(at(run))
    const events = [...head, ...nextSteps(run, numSteps), ...(state === 'done' ? tail : [])]
    bytes += write(run, events)
    if (state === 'running') continue
    const { perplexity, sparsity, seconds, peak_memory_mb } = results
    const report = {
      perplexity,
      sparsity,
      peak_memory_mb,
      trainable: { count: 1, percent: trainablePercent },
      seconds: { total: seconds },
    }
    writeFileSync(join(at(run), 'report.json'), JSON.stringify(report))
  }
  const locks = state === 'running' ? rows.map((_, run) => join(at(run), lockName)) : []
  const beating = new Worker(beat, { eval: true, workerData: { locks, text: encodeLock(holder, 0), beatMs } })
  await new Promise((resolve) => beating.once('message', resolve))
  return {
    ...{ folder, bytes },
    grow: (run, count) => write(run, nextSteps(run, count)),
    async remove() {
      await beating.terminate()
      rmSync(place, { recursive: true })
    },
  }
}

/** A step, and the events that real runs write between steps: progress at two of five, memory at one of ten. */
function step(run: number, at: number): RunEvent[] {
  const t = 400 * at
  const loss = (2.5 + (run % 17) / 6) * (0.3 + 0.7 * Math.exp(-at / 900)) * (1 + 0.04 * Math.sin(at * 12.9 + run))
  const [lr, speed] = [0.0005 * (1 - at / 2001), 5123.4 + Math.sin(at)]
  const progress = {
    phase: 'retrain',
    done: at,
    total: 2000,
    unit: 'steps',
    eta_s: 0.4 * (2000 - at),
    overall: at / 2001,
  }
  return [
    { t, type: 'step', recovery: 0, step: at, loss, lr, tokens_per_second: speed },
    ...(at % 5 < 2 ? [{ t: t + 1, type: 'progress' as const, ...progress }] : []),
    ...(at % 10 === 0 ? [{ t: t + 2, type: 'memory' as const, rss_mb: 900 + (at % 7), device_mb: 0 }] : []),
  ]
}

/** Events of a run of 12 blocks before its steps, and after them. */
function surroundings(): [RunEvent[], RunEvent[]] {
  const around = recordedRun(12).filter(({ type }) => type !== 'step')
  const last = around.findIndex(({ type }) => type === 'saved')
  const split = last < 0 ? around.length - 1 : last
  return [around.slice(0, split), around.slice(split)]
}

function lines(events: readonly RunEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('')
}
