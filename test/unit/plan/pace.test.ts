import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { usualRates } from '../../../src/catalog/methods/work.ts'
import { pastRuns } from '../../../src/runs/reader/pastRuns.ts'
import { durationRange, likelyDuration, likelySeconds, measuredPace, unknownPace } from '../../../src/plan/pace.ts'
import { paceOf, pastRunOf } from '../../../src/plan/pastRuns.ts'
import type { PastRun } from '../../../src/recipe/facts.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'

const report = (total: number, planned: number | null, more: object = {}) => ({
  status: 'done',
  device: { device: 'cpu' },
  recipe: { recover: { mode: 'retrain' } },
  seconds: { total },
  planned_seconds: planned,
  planned_rates: 'usual',
  ...more,
})
const recipe = (...modes: ('retrain' | 'refit')[]) =>
  resolveRecipe({ version: 1, model: 'm', recover: modes.map((mode) => ({ mode })) })
const ran = (ratio: number, modes = 'retrain', gpu = false): PastRun => ({ ratio, modes, gpu, measured: false })

describe('the pace of this machine', () => {
  it('is what finished runs took over what was planned for them', () => {
    assert.deepEqual(pastRunOf(report(90, 60)), ran(1.5))
    const two = { recover: [{ mode: 'refit' }, { mode: 'retrain' }] }
    assert.deepEqual(
      pastRunOf(report(90, 60, { recipe: two, device: { device: 'wgpu' } })),
      ran(1.5, 'refit,retrain', true),
    )
  })

  it('says nothing by a run that failed, was over at once, or of which nobody planned the time, whatever its report holds', () => {
    for (const one of [report(90, 60, { status: 'failed' }), report(1, 60), report(90, null), report(NaN, 60)])
      assert.equal(pastRunOf(one), null)
    for (const one of [report(90, 0), report(90, -1), report(1e300, 1e-300), null, [], 'x', { seconds: 3 }])
      assert.equal(pastRunOf(one), null)
    assert.deepEqual(pastRunOf(report(90, 60, { recipe: 3 })), ran(1.5, ''))
  })

  it('is a factor of two either way where nothing has finished on this device', () => {
    assert.equal(paceOf(recipe('retrain'), { gpu: false }, []), unknownPace)
    assert.equal(paceOf(recipe('retrain'), { gpu: null }, [ran(1, 'retrain', true)]), unknownPace)
  })

  it('goes by runs that were planned by rates of the same kind, and is narrower where they were measured', () => {
    assert.deepEqual(pastRunOf(report(90, 60, { planned_rates: 'measured' })), { ...ran(1.5), measured: true })
    for (const planned_rates of [undefined, null, 'guessed'])
      assert.equal(pastRunOf(report(90, 60, { planned_rates })), null, 'older versions planned by other rates')
    const here = { gpu: false, rates: usualRates }
    assert.equal(paceOf(recipe('retrain'), here, [ran(3)]), measuredPace)
    assert.equal(paceOf(recipe('retrain'), here, [ran(3), { ...ran(1), measured: true }]).runs, 1)
    assert.equal(paceOf(recipe('retrain'), { ...here, gpu: true }, [ran(3, 'retrain', true)]).runs, 1)
  })

  it('has the range of the ratios of runs that recovered alike, wider the fewer they are', () => {
    const one = paceOf(recipe('retrain'), { gpu: false }, [ran(1.5), ran(9, 'refit')])
    assert.deepEqual(one, { low: 1.5 / 1.3, high: 1.5 * 1.3, runs: 1 })
    const three = paceOf(recipe('retrain'), { gpu: false }, [ran(1.5), ran(1), ran(2)])
    assert.deepEqual(three, { low: 1 / 1.1, high: 2.2, runs: 3 })
    assert.ok(Math.abs(likelySeconds(100, three) - 100 * Math.sqrt(2)) < 1e-9)
    const others = paceOf(recipe('refit', 'retrain'), { gpu: false }, [ran(1.5)])
    assert.equal(others.runs, 1, 'else of all on this device')
  })

  it('makes ranges of times that a person can read', () => {
    assert.equal(likelyDuration(400, { low: 0.9, high: 1.35, runs: 3 }), '6–9 min')
    assert.equal(likelyDuration(60, { low: 0.5, high: 4, runs: 1 }), '30 s – 4 min')
    assert.equal(likelyDuration(80, { low: 1, high: 1.7, runs: 1 }), '1–2 min')
    assert.equal(likelyDuration(0, { low: 0.5, high: 2, runs: 0 }), '1 s')
    assert.equal(likelyDuration(480, { low: 0.99, high: 1.01, runs: 8 }), '8 min')
  })

  it('is read from the run folders beside the recipe, the newest first, and anew where a report has changed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pace-'))
    assert.deepEqual(await pastRuns(folder), [])
    const write = (name: string, text: string) => {
      const run = join(folder, '.sparsescope', 'runs', name)
      mkdirSync(run, { recursive: true })
      writeFileSync(join(run, 'report.json'), text)
      return join(run, 'report.json')
    }
    const first = write('20260101-000000-a', JSON.stringify(report(90, 60)))
    write('20260102-000000-b', JSON.stringify(report(30, 60)))
    write('20260103-000000-cut', '{"status":')
    mkdirSync(join(folder, '.sparsescope', 'runs', '20260104-000000-running'))
    assert.deepEqual(
      (await pastRuns(folder)).map(({ ratio }) => ratio),
      [0.5, 1.5],
    )
    writeFileSync(first, JSON.stringify(report(120, 60)))
    utimesSync(first, new Date(), new Date(Date.now() + 5000))
    assert.deepEqual(
      (await pastRuns(folder)).map(({ ratio }) => ratio),
      [0.5, 2],
    )
    rmSync(folder, { recursive: true })
  })

  it('is read from the folders above up to the repository, and from those that the editor knows; sweeps tell nothing', async () => {
    const root = mkdtempSync(join(tmpdir(), 'pace-'))
    const ranIn = (folder: string, runs: string, ratio: number) => {
      mkdirSync(join(root, folder, '.sparsescope', runs), { recursive: true })
      writeFileSync(join(root, folder, '.sparsescope', runs, 'report.json'), JSON.stringify(report(60 * ratio, 60)))
    }
    ranIn('', 'runs/20260101-000000-outside', 1)
    ranIn('repo', 'runs/20260102-000000-root', 2)
    ranIn('repo/a/b', 'runs/20260104-000000-own', 3)
    ranIn('repo/a/b', 'sweeps/20260105-000000-s/runs/0', 4)
    ranIn('repo/c', 'runs/20260103-000000-beside', 5)
    const ratios = async (folder: string, ...others: string[]) =>
      (
        await pastRuns(
          join(root, folder),
          others.map((one) => join(root, one)),
        )
      ).map(({ ratio }) => ratio)
    assert.deepEqual(await ratios('repo/a/b'), [3], 'no repository: its own folder')
    mkdirSync(join(root, 'repo', '.git'))
    assert.deepEqual(await ratios('repo/a/b'), [3, 2])
    assert.deepEqual(await ratios('repo/a/b', 'repo/c', 'repo/a/b', 'gone'), [3, 5, 2])
    rmSync(root, { recursive: true })
  })

  it('ranges are rounded as estimates deserve, and one number where both ends are the same', () => {
    const texts = (
      [
        [20, 30],
        [200, 290],
        [230, 240],
        [40, 120],
        [4000, 9000],
        [0, 0],
      ] as const
    ).map(durationRange)
    assert.deepEqual(texts, ['20–30 s', '3–5 min', '4 min', '40 s – 2 min', '1.1–2.5 h', '1 s'])
  })
})
