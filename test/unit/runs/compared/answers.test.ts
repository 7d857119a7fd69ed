import assert from 'node:assert/strict'
import { answersIn, encodeAnswers, mcnemarP } from '../../../../src/runs/compared/answers.ts'

describe('answers of a run', () => {
  it('in a report are those of the last stage of each entry; anything else is passed over', () => {
    const one = (stage: string, picked: string, entry = 0) => ({
      stage,
      entry,
      task: 'piqa',
      data: 'd',
      answers: { picked, gold: '00' },
    })
    const report = {
      evaluations: [
        one('dense', '01'),
        one('recovered', '00'),
        one('pruned', '11'),
        one('dense', '1-', 1),
        one('dense', '1', 2),
        one('dense', 'ÄÖ', 3),
        null,
        { entry: 4 },
      ],
    }
    assert.deepEqual(
      answersIn(report).map(({ entry, picked }) => [entry, picked]),
      [
        [0, '00'],
        [1, '1-'],
      ],
    )
    for (const nothing of [null, 3, {}, { evaluations: 'x' }]) assert.deepEqual(answersIn(nothing), [])
    assert.equal(encodeAnswers([40], [0]), null)
  })
})

/** The same sum in whole numbers. */
function exact(a: number, b: number): number {
  const n = BigInt(a + b)
  let [term, sum] = [1n, 1n]
  for (let i = 1n; i <= BigInt(Math.min(a, b)); i++) sum += term = (term * (n - i + 1n)) / i
  // 60 bits after the point are more than a double has.
  return Math.min(1, Number(((2n * sum) << 60n) / (1n << n)) / 2 ** 60)
}

describe("McNemar's exact test", () => {
  it('is the two-sided binomial of the discordant rows', () => {
    for (const [a, b] of [
      [0, 0],
      [1, 0],
      [5, 0],
      [3, 9],
      [9, 3],
      [10, 10],
      [40, 70],
      [500, 430],
    ] as const)
      // oxfmt-ignore
      assert.ok(Math.abs(mcnemarP(a, b) - exact(a, b)) < 1e-12, `${a} ${b}`)
    // scipy.stats.binomtest(3, 12).pvalue
    assert.ok(Math.abs(mcnemarP(3, 9) - 0.14599609375) < 1e-15)
    assert.equal(mcnemarP(0, 0), 1)
    assert.equal(mcnemarP(7, 7), 1)
  })

  it('stays finite where the terms are below the smallest number', () => {
    assert.equal(mcnemarP(0, 5000), 0)
    assert.ok(mcnemarP(4900, 5100) > 0.04 && mcnemarP(4900, 5100) < 0.05)
  })
})
