import assert from 'node:assert/strict'
import fc from 'fast-check'
import { resultFacts, resultMarkdown, resultOf } from '../../../../src/runs/series/runResult.ts'
import { gapWonBack } from '../../../../src/runs/series/texts.ts'

const measured = (stage: string, perplexity: number) => ({ stage, entry: 0, data: 'a.txt', perplexity })
const report = {
  perplexity: { dense: 20, pruned: 60, recovered: 30 },
  evaluations: [measured('dense', 20), measured('pruned', 60), measured('recovered', 30)],
  accuracy: {
    dense: { acc: 0.6, stderr: 0.01, tasks: 3 },
    pruned: { acc: 0.4, stderr: 0.01, tasks: 3 },
    recovered: { acc: 0.55, stderr: null, tasks: 3 },
  },
  sparsity: 0.5,
  trainable: { count: 1000, percent: 0.125 },
  seconds: { prune: 3, total: 185 },
  peak_memory_mb: 512,
  output: '/models/a_b|c',
}

describe('the result of a run, for its card', () => {
  it('has every number with its name, and the closed share of the gap', () => {
    assert.deepEqual(resultFacts(resultOf(report)), [
      ['perplexity, dense', '20.00'],
      ['perplexity, pruned', '60.00'],
      ['perplexity, recovered', '30.00'],
      ['perplexity gap closed, on a.txt', '75 %'],
      ['mean accuracy of 3 tasks, dense', '60.0 % ± 1.0'],
      ['mean accuracy of 3 tasks, pruned', '40.0 % ± 1.0'],
      ['mean accuracy of 3 tasks, recovered', '55.0 %'],
      ['accuracy gap closed', '75 %'],
      ['sparsity', '50.00 %'],
      ['trained', '0.125 %'],
      ['time', '3 min 05 s'],
      ['memory, peak', '512 MB'],
    ])
  })

  it('has for each of several recoveries the share that it trains', () => {
    const recoveries = [
      { mode: 'refit', trainable: null },
      { mode: 'retrain', trainable: { count: 1000, percent: 0.125 } },
    ]
    const trained = resultFacts(resultOf({ ...report, recoveries })).filter(([what]) => what.startsWith('trained'))
    assert.deepEqual(trained, [
      ['trained, 1 refit', 'solved'],
      ['trained, 2 retrain', '0.125 %'],
    ])
  })

  it('names each of several texts, and has the closed gap of the second', () => {
    const other = [10, 20, 18].map((value, i) => ({
      ...measured(['dense', 'pruned', 'recovered'][i], value),
      entry: 1,
      data: 'b.txt',
    }))
    const facts = resultFacts(resultOf({ ...report, evaluations: [...report.evaluations, ...other] }))
    assert.deepEqual(
      facts.slice(2, 7).map(([what]) => what),
      [
        'perplexity on a.txt, recovered',
        ...['dense', 'pruned', 'recovered'].map((stage) => `perplexity on b.txt, ${stage}`),
        'perplexity gap closed, on b.txt',
      ],
    )
    assert.equal(facts[6][1], '20 %')
  })

  it('writes perplexities with two decimals, and very large ones by their power of ten', () => {
    const perplexity = { dense: 8.1649, pruned: 1.5e8, recovered: 12345.6 }
    assert.deepEqual(
      resultFacts(resultOf({ perplexity })).map(([, value]) => value),
      ['8.16', '1.50e+8', '12345.60'],
    )
  })

  it('leaves out what was not measured', () => {
    assert.deepEqual(resultFacts(resultOf({ perplexity: { pruned: 60, recovered: 30 } })), [
      ['perplexity, pruned', '60.00'],
      ['perplexity, recovered', '30.00'],
    ])
  })

  it('shows ∞ for a perplexity that overflows, and no closed gap', () => {
    const overflowing = {
      perplexity: { dense: 20, pruned: null, recovered: 30 },
      evaluations: [measured('dense', 20), { ...measured('pruned', 0), perplexity: null }, measured('recovered', 30)],
    }
    assert.deepEqual(resultFacts(resultOf(overflowing)), [
      ['perplexity, dense', '20.00'],
      ['perplexity, pruned', '∞'],
      ['perplexity, recovered', '30.00'],
    ])
    assert.equal(gapWonBack({ dense: 20, pruned: 40, recovered: Infinity }, 'low'), null)
    assert.equal(gapWonBack({ dense: Infinity, pruned: Infinity, recovered: 30 }, 'low'), null)
  })

  it('has a negative share for a recovery that widened the gap, and none without a gap', () => {
    assert.equal(gapWonBack({ dense: 20, pruned: 40, recovered: 50 }, 'low'), -0.5)
    assert.equal(gapWonBack({ dense: 20, pruned: 20, recovered: 19 }, 'low'), null)
    assert.equal(gapWonBack({ dense: 0.5, pruned: 0.6, recovered: 0.7 }, 'high'), null)
    const worse = [measured('dense', 20), measured('pruned', 40), measured('recovered', 50)]
    assert.ok(resultFacts(resultOf({ evaluations: worse })).some(([, v]) => v === '−50 %'))
  })

  it('is a table in Markdown, in which names of files stay text', () => {
    const lines = resultMarkdown('wanda50', resultOf(report)).split('\n')
    assert.deepEqual(lines.slice(0, 3), ['| wanda50 |  |', '| --- | --- |', '| perplexity, dense | 20.00 |'])
    assert.equal(lines.at(-2), '| saved to | /models/a\\_b\\|c |')
  })

  it('takes any report without an exception', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(report)), (value, key) => {
        resultFacts(resultOf(value))
        resultMarkdown('a', resultOf({ ...report, [key]: value }))
      }),
    )
  })
})
