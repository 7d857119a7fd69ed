// recover.mode: refit in a run: any mask, zeros kept, lower errors, and the same bytes after a resume.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { lint } from '../../../src/lint/lint.ts'
import { run } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

describe('recover.mode: refit', () => {
  let backend: Backend
  let place: Scratch
  before(async () => {
    backend = await openCpu({ threads: 2 })
    place = scratch()
  })
  after(async () => {
    await backend.close()
  })

  const data = goldenPath('opt', 'prune', 'calib.safetensors')
  const recipe = (name: string, step: object, more: object = {}) =>
    place.recipe(name, {
      version: 1,
      model: goldenPath('opt'),
      prune: [step],
      calibration: { data },
      recover: { mode: 'refit' },
      evaluate: [{ data, seq_len: 16, at: ['pruned', 'recovered'] }],
      save: { to: name },
      ...more,
    })

  for (const [name, step] of Object.entries({
    magnitude: { method: 'magnitude', sparsity: 0.5 },
    'global-wanda': { method: 'wanda', sparsity: 0.5, scope: 'global' },
    'sparsegpt-2of4': { method: 'sparsegpt', pattern: '2:4' },
  }))
    it(`lowers the error of every block and keeps every zero: ${name}`, async () => {
      const report = await run(backend, { recipe: recipe(name, step) })
      assert.equal(report.sparsity?.toFixed(3), '0.500')
      for (const block of report.blocks) {
        const { error_before: before, error_after: after } = block
        assert.ok(before !== undefined && after !== undefined && after < before, `block ${block.block}`)
      }
      assert.deepEqual(
        report.evaluations.map(({ stage }) => stage),
        ['pruned', 'recovered'],
      )
    })

  it('continues after it was cancelled between two blocks, with the same bytes', async () => {
    const step = { method: 'wanda', sparsity: 0.6 }
    await run(backend, { recipe: recipe('whole', step) })
    const controller = new AbortController()
    let folder = ''
    const stopped = run(backend, {
      recipe: recipe('cut', step),
      signal: controller.signal,
      onFolder: (path) => (folder = path),
      onEvent: (event) => event.type === 'block' && controller.abort(),
    })
    await assert.rejects(stopped, { code: 'cancelled' })
    await run(backend, { resume: folder })
    const weights = (name: string) => readFileSync(place.path(name, 'model.safetensors'))
    assert.ok(weights('cut').equals(weights('whole')))
  })

  it('is refused without calibration and without prune', async () => {
    const bare = recipe('bare', { method: 'magnitude' }, { calibration: undefined })
    await assert.rejects(run(backend, { recipe: bare }), { code: 'bad-recipe', message: /[Cc]alibration/ })
    const unpruned = recipe('unpruned', {}, { prune: undefined })
    await assert.rejects(run(backend, { recipe: unpruned }), { code: 'bad-recipe', message: /add prune/ })
  })

  it('is linted: it needs calibration, and keys of training have no effect', () => {
    const rules = (text: string) =>
      lint(`version: 1\nmodel: m\nsave: {to: out}\nseed: 0\n${text}`).findings.map((f) => f.rule)
    assert.deepEqual(rules('prune: [{sparsity: 0.5}]\nrecover: {mode: refit}'), ['M1'])
    const calibration = 'calibration: {data: a.jsonl, samples: 128, seq_len: 64}'
    assert.deepEqual(rules(`prune: [{sparsity: 0.5}]\n${calibration}\nrecover: {mode: refit, dampening: 0.02}`), [])
    assert.deepEqual(rules(`prune: [{sparsity: 0.5}]\n${calibration}\nrecover: {mode: refit, lr: 1.0e-4}`), ['S6'])
    assert.deepEqual(rules(`prune: [{sparsity: 0.5}]\n${calibration}\nrecover: {dampening: 0.02}`), ['S6'])
  })
})
