import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  byMeasure,
  measured,
  proposeRecoveries,
  prunedFigure,
  recoveryFigures,
} from '../../../../src/recipe/measured.ts'
import { presetsFor } from '../../../../src/recipe/writing/choices.ts'
import { methodNames, methodOf } from '../../../../src/catalog/methods/methods.ts'

describe('what the form proposes', () => {
  it('is what the table of a real model shows to be best for the pattern', () => {
    for (const pattern of ['unstructured', '2:4', '4:8']) {
      const all = byMeasure(methodNames, pattern)
      const figures = all.map((name) => prunedFigure(name, pattern) ?? Infinity)
      assert.ok(figures[0] < figures[1])
      assert.deepEqual(
        figures,
        figures.toSorted((a, b) => a - b),
      )
      assert.deepEqual(all.toSorted(), methodNames.toSorted())
    }
  })

  it('recovers as the table shows to be best', () => {
    for (const pattern of ['unstructured', '2:4', '4:8']) {
      const all = proposeRecoveries(pattern)
      const other = all.map(({ after }) => after.other)
      assert.deepEqual(
        other,
        other.toSorted((a, b) => a - b),
      )
      const [best] = byMeasure(methodNames, pattern)
      assert.ok(all[0].after.same < (prunedFigure(best, pattern) ?? 0))
      for (const { before, after } of all) assert.ok(before.same > after.same && before.other > after.other)
    }
  })

  it('each preset was measured at each pattern, the longer the better, Balanced with the best method', () => {
    for (const pattern of ['unstructured', '2:4', '4:8'])
      for (const canRetrain of [true, false]) {
        const presets = presetsFor(canRetrain).filter(({ fits }) => fits)
        const left = presets.map((preset) => recoveryFigures(pattern, preset)?.after.other ?? NaN)
        assert.deepEqual(
          left,
          left.toSorted((a, b) => b - a),
        )
        assert.ok(left.every((perplexity) => perplexity > measured.dense.other))
        assert.equal(presets[1].method, byMeasure(methodNames, pattern)[0])
      }
    assert.equal(presetsFor(true).at(-1)?.chain, proposeRecoveries('unstructured')[0].chain)
    assert.equal(recoveryFigures('unstructured', { method: 'magnitude', chain: 'refit' }), undefined)
  })

  it('its figures are in the results', () => {
    const results = readFileSync(new URL('../../../../bench/RESULTS.md', import.meta.url), 'utf8')
    const recovered = Object.values(measured.recovered).flat()
    const pairs = [
      ...recovered.flatMap(({ before, after }) => [before, after]),
      ...Object.values(measured.losses),
      measured.dense,
    ]
    const rows = results.split('\n')
    for (const { same, other } of pairs)
      assert.ok(
        rows.some((row) => row.includes(same.toFixed(2)) && row.includes(other.toFixed(2))),
        `${same} and ${other} stand in one row`,
      )
    for (const figures of Object.values(measured.pruned))
      for (const [name, perplexity] of Object.entries(figures)) {
        const title = methodOf(name as keyof typeof figures).title
        const of = rows.filter((line) => line.toLowerCase().startsWith(`| ${title.toLowerCase()} |`))
        assert.ok(
          of.some((row) => row.includes(`${perplexity.toFixed(2)} →`)),
          `${title}: ${perplexity}`,
        )
      }
  })
})
