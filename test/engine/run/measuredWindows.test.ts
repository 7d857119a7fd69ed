// How much of a text a run measures.
import assert from 'node:assert/strict'
import { cli } from '../../support/cli.ts'
import { run, runPlace } from '../../support/runs.ts'
import { goldenPath } from '../../support/shared.ts'

describe('the windows of a text that a run measures', () => {
  const here = runPlace()

  const [model, data] = [goldenPath('opt'), goldenPath('opt', 'prune', 'calib.safetensors')]

  it('are all of it, or the first where the recipe says how many', async () => {
    const evaluate = [
      { data, samples: 4, at: ['dense'] },
      { data, at: ['dense'] },
    ]
    const prune = [{ method: 'magnitude', sparsity: 0.5 }]
    const recipe = here.place.recipe('run', { version: 1, model, prune, evaluate })
    const { evaluations, protocol } = await run(here.backend, { recipe })
    const [first, whole] = evaluations
    assert.deepEqual([first.windows, whole.windows], [4, 16])
    assert.match(protocol.join('\n'), /: the first 4 windows of 16 tokens .*\n.*: windows of 16 tokens /)
    assert.notEqual(first.perplexity, whole.perplexity)
    const { stdout } = await cli('evaluate', model, '--data', data, '--samples', '4', '--json')
    assert.equal(first.perplexity, (JSON.parse(stdout) as { perplexity: number }).perplexity)
  })
})
