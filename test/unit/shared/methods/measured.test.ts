import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  beforeRecovery,
  byMeasure,
  measured,
  proposeMethod,
  proposeRecoveries,
} from '../../../../src/shared/recipe/measured.ts'
import { methodNames, methodOf } from '../../../../src/shared/methods/methods.ts'

describe('what the form proposes', () => {
  it('is what the table of a real model shows to be best for the pattern', () => {
    for (const pattern of ['unstructured', '2:4', '4:8']) {
      const { method, perplexity, next } = proposeMethod(pattern)
      assert.ok(perplexity < next.perplexity && method !== next.method)
      assert.equal(byMeasure(methodNames, pattern)[0], method)
      assert.equal(byMeasure(methodNames, pattern).length, methodNames.length)
    }
  })

  it('recovers as the table shows to be best, and without the whole model in memory where it does not fit', () => {
    for (const pattern of ['unstructured', '2:4', '4:8']) {
      const all = proposeRecoveries(pattern, true)
      assert.deepEqual(
        all.map(({ perplexity }) => perplexity),
        all.map(({ perplexity }) => perplexity).sort((a, b) => a - b),
      )
      assert.ok(all[0].perplexity < proposeMethod(pattern).perplexity)
      for (const one of all) assert.ok((beforeRecovery(pattern, one) ?? 0) > one.perplexity)
      const small = proposeRecoveries(pattern, false)
      assert.ok(small.length > 0 && small.every(({ modes }) => !modes.includes('retrain')))
    }
  })

  it('its figures stand in the results', () => {
    const results = readFileSync(new URL('../../../../bench/RESULTS.md', import.meta.url), 'utf8')
    for (const { perplexity } of Object.values(measured.recovered).flat())
      assert.ok(results.includes(perplexity.toFixed(2)), String(perplexity))
    for (const { same, other } of Object.values(measured.losses))
      for (const perplexity of [same, other]) assert.ok(results.includes(perplexity.toFixed(2)), String(perplexity))
    for (const figures of Object.values(measured.pruned))
      for (const [name, perplexity] of Object.entries(figures)) {
        const title = methodOf(name as keyof typeof figures).title
        const row = results.split('\n').find((line) => line.toLowerCase().startsWith(`| ${title.toLowerCase()} |`))
        assert.ok(row?.includes(`${perplexity.toFixed(2)} →`), `${title}: ${perplexity}`)
      }
  })
})
