// A run whose sparsities are spread over the blocks by what the dense model shows.
import assert from 'node:assert/strict'
import { cli, cliJson } from '../../support/cli.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

describe('allocation owl in a run', () => {
  let place: Scratch
  before(() => void (place = scratch()))

  const model = goldenPath('owl', 'llama6')
  const recipe = (name: string, step: object, more: object = {}) =>
    place.recipe(name, {
      version: 1,
      model,
      prune: [{ method: 'magnitude', sparsity: 0.7, allocation: 'owl', ...step }],
      calibration: { data: goldenPath('owl', 'llama6', 'calib.safetensors') },
      save: { to: name },
      ...more,
    })

  it('gives every block its share, whatever the method', async () => {
    const { blocks, sparsity } = (await cliJson('run', recipe('out', {}), '--device', 'cpu')) as {
      blocks: { modules: Record<string, { sparsity: number; zeros: number; size: number }> }[]
      sparsity: number
    }
    // The authors' sparsities for threshold 5 and spread 0.08 (goldens/owl); a matrix rounds to whole weights.
    const expected = [0.67008, 0.72472, 0.76374, 0.60374, 0.72081, 0.71691]
    for (const [i, { modules }] of blocks.entries())
      for (const module of Object.values(modules))
        assert.ok(
          Math.abs(module.sparsity - expected[i]) < 3e-3,
          `block ${i}: ${module.sparsity}, ${module.zeros} of ${module.size}`,
        )
    assert.ok(Math.abs(sparsity - 0.7) < 1e-3)
  })

  it('says in a dry run that the dense model decides', async () => {
    const { stdout } = await cli('run', recipe('dry', {}), '--dry-run')
    assert.match(stdout, /allocation owl: 0\.7 on average/)
  })

  it('is refused with N:M, with a list, and without calibration', async () => {
    for (const [name, step, more] of [
      ['nm', { sparsity: undefined, pattern: '2:4' }, {}],
      ['list', { sparsity: [0.5, 0.6] }, {}],
      ['bare', {}, { calibration: undefined }],
    ] as const) {
      const { status, stderr } = await cli('run', recipe(name, step, more), '--device', 'cpu')
      assert.equal(status, 2, name)
      assert.match(stderr, /allocation owl/)
    }
  })
})
