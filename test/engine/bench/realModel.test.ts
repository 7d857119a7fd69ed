// The rows of bench/realModel.ts are recipes that the product knows.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { recipeOf } from '../../../bench/realModel/measure.ts'
import { peerTable } from '../../../bench/realModel/table.ts'
import { drawsAtRandom, prunedOf, rowOf, rows } from '../../../bench/realModel/rows.ts'
import { recipeSchema } from '../../../src/recipe/schema.ts'
import { scratch } from '../../support/scratch.ts'

describe('bench/realModel', () => {
  const out = scratch().folder
  const bench = {
    ...{ model: 'm', out, text: { ids: 'ids.safetensors', calibration: 64, training: 200 } },
    ...{ limit: '1', steps: 2, precision: 'f32', evaluatePrecision: 'f32' },
  }

  it('has a valid recipe in every row, and a row for what each recovers', () => {
    for (const row of rows) {
      const recipe = recipeOf(bench, { row, seed: 0, folder: join(out, row.name) })
      const parsed = recipeSchema.safeParse(recipe)
      assert.ok(parsed.success, `${row.name}: ${parsed.error?.message}`)
      const start = prunedOf(row)
      if (start !== null && start !== 'dense') assert.equal(rowOf(start).recover, undefined, row.name)
      if (row.from) rowOf(row.from)
    }
  })

  it('has one seed for a recovery that draws nothing at random', () => {
    assert.ok(!drawsAtRandom(rowOf('alps-norm')))
    assert.ok(drawsAtRandom(rowOf('alps-retrain')))
    assert.equal(prunedOf(rowOf('alps-70-depth-reconstruct-retrain')), 'alps-70-depth')
    assert.equal(prunedOf(rowOf('dense-retrain')), 'dense')
  })

  it('compares time and memory with the peer in the rows that it made', () => {
    const quality = { perplexity: 20, seconds: 4, megabytes: 30 }
    const results = {
      magnitude: { ours: { '0': quality } },
      wanda: { ours: { '0': quality }, peer: { perplexity: 21, seconds: 6, megabytes: 40 } },
    }
    assert.match(peerTable(results), /\n\| wanda \| 20\.00 \| 4 \| 30 \| 21\.00 \| 6 \| 40 \| 1\.50 \| 75 % \|$/)
    assert.doesNotMatch(peerTable(results), /magnitude/)
    assert.equal(peerTable({ magnitude: results.magnitude }), '')
  })
})
