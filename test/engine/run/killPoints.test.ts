// Killed with SIGKILL before any rename, fsync or removal, a run goes on to what an undisturbed one gives, byte for byte,
// says the same, and leaves nothing else behind. A sample of the points; all of them with SPARSESCOPE_TORTURE=1.
import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version } from '../../../src/system/version.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { killPointsPassed } from '../../../src/system/killPoint.ts'
import { filesBelow, forgetLock, killedAt, onlyRun, saidBy } from '../../support/killedRuns.ts'
import { withTokenizer } from '../../support/llamaCpp.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { run } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

const data = 'ids.safetensors'
const peft = (part: string) => fileURLToPath(new URL(`../../fixtures/peft/llama/${part}`, import.meta.url))
const shared = tinyRecipe({
  save: { to: 'results/out', max_shard: '4KB' },
})
const both = { ...shared.save, pruned: 'results/pruned' }
const train = { train: ['bias', 'norm', 'mask_lora'], lora: { rank: 2, alpha: 4 }, lr: 1e-3, shuffle: true }
const retrain = { mode: 'retrain', steps: 6, data, samples: 8, seq_len: 16, ...train }
const evaluate = (every: number) => [{ data, seq_len: 16, at: ['dense', 'pruned', 'recovered'], every }]
const recipes = {
  reconstruct: { ...shared, recover: { mode: 'reconstruct', steps: 3, ...train }, evaluate: evaluate(1) },
  'retrain, the pruned model saved too': {
    ...shared,
    model: 'llama',
    save: both,
    recover: retrain,
    evaluate: evaluate(2),
  },
  'a list': {
    ...shared,
    recover: [{ mode: 'refit' }, retrain, { mode: 'reconstruct', steps: 3, ...train }, { ...retrain, train: ['norm'] }],
    evaluate: evaluate(1),
  },
  'submodules on dense inputs, the pruned model saved too': {
    ...shared,
    save: both,
    prune: [{ method: 'sparsegpt', sparsity: 0.5 }],
    recover: { mode: 'reconstruct', window: 'submodule', inputs: 'dense', steps: 3, ...train },
  },
  'ALPS, spread by outliers, refitted': {
    ...shared,
    prune: [{ method: 'alps', sparsity: 0.5, allocation: 'owl' }],
    recover: { mode: 'refit' },
    evaluate: evaluate(1),
  },
  'spread over depth by trial': {
    ...shared,
    prune: [{ method: 'wanda', sparsity: 0.5, allocation: 'depth', depth: { spread: 'auto' } }],
    evaluate: [{ data, seq_len: 16, at: ['pruned'] }],
  },
  'an adapter merged between two recoveries': {
    ...shared,
    model: 'llama',
    recover: [
      { mode: 'merge', adapter: 'adapter' },
      { mode: 'reconstruct', steps: 3, ...train },
      { mode: 'merge', adapter: 'adapter' },
    ],
    evaluate: evaluate(1),
  },
  'the result as GGUF too': {
    ...shared,
    model: 'llama',
    save: { ...both, format: 'gguf' },
    recover: retrain,
    evaluate: evaluate(2),
  },
}
/** Recipes that are killed more often towards their end, where they write more than others. */
const moreAtTheEnd = ['the result as GGUF too']

const all = process.env.SPARSESCOPE_TORTURE === '1'
const sampled = 3

/** Numbers from 1 to `count`: all, or an even sample, which begins elsewhere for each recipe: together they are at many places of a run. */
function points(count: number, index: number, more: boolean): number[] {
  if (all) return Array.from({ length: count }, (_, i) => i + 1)
  const start = (index + 0.5) / Object.keys(recipes).length
  const list = Array.from({ length: sampled }, (_, i) => Math.ceil(((i + start) * count) / sampled))
  if (index === 0) list.push(1, count)
  for (let back = 1; more && back < 40; back += 8) list.push(count - back)
  return list
}

describe('a run that is killed at an exact point', function () {
  this.timeout(1_800_000)
  let backend: Backend
  let where = ''
  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.log(`      ${where}`)
  })
  before(async () => (backend = await openCpu()))
  after(() => backend.close())

  async function place(): Promise<Scratch> {
    const made = scratch()
    await writeTinyModel(made.path('model'))
    withTokenizer(peft('base'), made.path('llama'))
    cpSync(peft('adapter'), made.path('adapter'), { recursive: true })
    writeTinyIds(made.path(data))
    return made
  }

  /** Everything that must be the same. What a run folder holds besides is compared by `saidBy`. */
  const picture = ({ folder }: Scratch) => ({
    files: filesBelow(folder, (name) => !name.startsWith('.sparsescope')),
    said: saidBy(onlyRun(folder) ?? ''),
  })

  /** False when the run has fewer points: what it left is looked at all the same. */
  async function killedRunGoesOn(point: number, recipe: object, expected: unknown): Promise<boolean> {
    const killed = await place()
    where = `killed at ${point}`
    const path = killed.recipe('a', recipe)
    const wasKilled = killedAt(point, killed.folder, 'run', path, '--device', 'cpu')
    await goOn(killed, path)
    assert.deepEqual(picture(killed), expected)
    return wasKilled
  }

  for (const [index, [mode, recipe]] of Object.entries(recipes).entries())
    it(`${mode}: ends with the same files, events and results, and leaves nothing behind`, async () => {
      const whole = await place()
      const passed = killPointsPassed()
      await run(backend, { version, recipe: whole.recipe('a', recipe) })
      const expected = picture(whole)
      const count = killPointsPassed() - passed
      assert.ok(count > 50, `${count} points`)
      for (const point of points(count, index, moreAtTheEnd.includes(mode))) {
        // How often a run writes how far it is depends on the time it takes: one that has fewer points is killed at its last.
        let at = point
        while (!(await killedRunGoesOn(at, recipe, expected))) at--
        assert.ok(at > 0.8 * point, `${at} points, where the whole run has ${count}`)
      }
    })

  /** Makes leftovers of a start that never named its run old enough for a later start to remove. */
  function letTimePass(folder: string): void {
    const parent = join(folder, '.sparsescope', 'runs')
    const long = new Date(Date.now() - 3_600_000)
    for (const name of existsSync(parent) ? readdirSync(parent) : []) utimesSync(join(parent, name), long, long)
  }

  /** Goes on as a person would: resumes what can be resumed, else runs again. */
  async function goOn({ folder }: Scratch, path: string): Promise<void> {
    const begun = onlyRun(folder)
    if (begun === null) {
      letTimePass(folder)
      await run(backend, { version, recipe: path })
    } else {
      forgetLock(begun)
      await run(backend, { version, resume: begun }).catch((error: Error) => {
        if (!/is finished; there is nothing to resume/.test(error.message)) throw error
      })
    }
  }
})
