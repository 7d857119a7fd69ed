// Measurements that runs of a sweep have in common, and a file of them that no run has written.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scratch } from '../../support/scratch.ts'
import { onlySweep, sweep, sweepJson, sweepPlace, sweptRecipe } from '../../support/sweeps.ts'

const cpu = ['--device', 'cpu']

describe('measurements that runs share', function () {
  this.timeout(300_000)
  let place: Scratch
  before(async () => (place = await sweepPlace()))

  it('are refused with their path where a number was changed, or the file is that of another question', async () => {
    const recipe = place.recipe('a', sweptRecipe({ 'prune.0.sparsity': [0.4, 0.6] }))
    assert.equal((await sweep(place, 'run', recipe, '--index', '0', ...cpu)).status, 0)
    const shared = join(onlySweep(place) ?? '', 'shared')
    const files = readdirSync(shared, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('evaluations.json'))
      .map((name) => join(shared, name))
    const whole = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
    const spoil = async (change: (text: string) => string) => {
      for (const [file, text] of whole) writeFileSync(file, change(text))
      const { runs } = await sweepJson(place, 'run', recipe, ...cpu)
      assert.equal(runs[1].state, 'failed')
      assert.match(
        runs[1].message ?? '',
        /evaluations\.json does not contain measurements written by a run of this sweep/,
      )
    }
    await spoil((text) => text.replace(/"perplexity": [\d.]+/, '"perplexity": 1.5'))
    // As if copied from a sweep of another model.
    await spoil((text) =>
      text.replace(/(?<="on": \[\s*\[\s*")[0-9a-f]{4}/, '0000').replace(/"sha256": "[0-9a-f]{4}/, '"sha256": "0000'),
    )
    for (const [file, text] of whole) writeFileSync(file, text)
    assert.equal((await sweep(place, 'run', recipe, ...cpu)).status, 0)
  })
})
