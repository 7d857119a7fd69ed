// kill -9 at any moment, resume, and the saved folder is the same bytes as an uninterrupted run's.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { version } from '../../../src/cli/version.ts'
import type { RunEvent } from '../../../src/shared/protocol/events.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { entry } from '../../support/cli.ts'
import { forgetLock } from '../../support/killedRuns.ts'
import { createWorkplace, run, type Workplace } from '../../support/runs.ts'
import { goldenPath } from '../../support/shared.ts'

/** Hash of every file of a folder by name. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  )
}

/** Whole lines of a file, counted only: it is looked at all the time while another process writes it. */
function countLines(path: string): number {
  if (!existsSync(path)) return 0
  const bytes = readFileSync(path)
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}

function lines(path: string): RunEvent[] {
  if (!existsSync(path)) return []
  const text = readFileSync(path, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent)
}

function runFolders(place: Workplace): string[] {
  const parent = place.path('.sparsescope', 'runs')
  return existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name)) : []
}

/** Starts a run in its own process and kills it when it has said `numEvents` things. Returns its run folder. */
async function killAfter(place: Workplace, recipe: string, numEvents: number): Promise<string> {
  const args = [entry, 'run', recipe, '--device', 'cpu', '--memory', '1GB']
  const child = spawn(process.execPath, args, { stdio: 'ignore' })
  const exit = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  let folder = ''
  while (child.exitCode === null) {
    folder = runFolders(place)[0] ?? ''
    if (folder && countLines(join(folder, 'events.jsonl')) >= numEvents) break
    await sleep(5)
  }
  child.kill('SIGKILL')
  await exit
  return folder
}

const recipes = (model: string, data: string) => {
  const shared = { version: 1, model, calibration: { data, samples: 16, seq_len: 16 } }
  const evaluate = [{ data, seq_len: 16, at: ['dense', 'pruned', 'recovered'] }]
  const lora = { rank: 4, alpha: 8 }
  return {
    'prune and reconstruct': {
      ...shared,
      prune: [{ method: 'sparsegpt', sparsity: 0.5 }],
      recover: { mode: 'reconstruct', train: ['bias', 'norm', 'mask_lora'], lora, steps: 150, lr: 1e-3, shuffle: true },
      evaluate: [{ ...evaluate[0], every: 1 }],
    },
    'prune and reconstruct submodules on dense inputs': {
      ...shared,
      prune: [{ method: 'wanda', sparsity: 0.5 }],
      recover: {
        mode: 'reconstruct',
        window: 'submodule',
        inputs: 'dense',
        train: ['bias', 'norm'],
        steps: 60,
        lr: 1e-3,
      },
    },
    'ALPS, spread by outliers, refitted': {
      ...shared,
      prune: [{ method: 'alps', sparsity: 0.5, allocation: 'owl' }],
      recover: { mode: 'refit' },
      evaluate,
    },
    retrain: {
      ...shared,
      prune: [{ method: 'wanda', sparsity: 0.5 }],
      recover: {
        mode: 'retrain',
        train: ['full'],
        steps: 200,
        lr: 1e-3,
        data,
        samples: 16,
        seq_len: 16,
        shuffle: true,
      },
      evaluate: [{ ...evaluate[0], every: 45 }],
    },
  }
}

describe('resuming a killed run', function () {
  this.timeout(900_000)
  let backend: Backend
  before(async () => (backend = await openCpu()))
  after(() => backend.close())

  for (const what of [
    'prune and reconstruct',
    'prune and reconstruct submodules on dense inputs',
    'ALPS, spread by outliers, refitted',
    'retrain',
  ] as const)
    it(`${what}: killed at five moments, each ends with the bytes of the uninterrupted run`, async function () {
      const [model, data] = [goldenPath('opt'), goldenPath('opt', 'prune', 'calib.safetensors')]
      const recipe = recipes(model, data)[what]
      const place = createWorkplace()
      try {
        const whole = await run(backend, { version, recipe: place.recipe('whole', { ...recipe, save: { to: 'out' } }) })
        const expected = contents(place.path('out'))
        const numEvents = lines(join(whole.run, 'events.jsonl')).length
        const rng = createRng(5, what)
        for (let kill = 0; kill < 5; kill++) {
          const other = createWorkplace()
          try {
            // The same name and place of things, since both are in what is saved.
            const path = other.recipe('whole', { ...recipe, save: { to: 'out' } })
            const folder = await killAfter(other, path, 1 + rng.below(numEvents))
            if (kill > 0) forgetLock(folder)
            if (!existsSync(join(folder, 'report.json'))) await run(backend, { version, resume: folder })
            assert.deepEqual(contents(other.path('out')), expected)
            const events = lines(join(folder, 'events.jsonl'))
            assert.ok(events.every((event, i) => i === 0 || event.t >= events[i - 1].t))
            const steps = (list: RunEvent[]) => list.filter((event) => event.type === 'step').length
            assert.equal(steps(events), steps(lines(join(whole.run, 'events.jsonl'))))
            assert.deepEqual(
              readdirSync(other.folder).filter((name) => name.includes('partial')),
              [],
            )
          } finally {
            other.remove()
          }
        }
      } finally {
        place.remove()
      }
    })
})
