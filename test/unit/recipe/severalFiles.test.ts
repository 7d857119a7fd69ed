// A list of files as `data`: what the recipe may say, what it means, and what rules say of each file.
import assert from 'node:assert/strict'
import { dataUses } from '../../../src/recipe/dataUses.ts'
import { pruningOf } from '../../../src/plan/passes.ts'
import { resolveRecipe, type IdShape } from '../../../src/recipe/resolve.ts'
import { recipeSchema, type Recipe } from '../../../src/recipe/schema.ts'
import { lint } from '../../../src/lint/lint.ts'
import { factsOf, modelOf, optConfig } from '../../support/recipeFacts.ts'

const prune = [{ method: 'wanda' as const, sparsity: 0.5 }]
const written = (calibration: Recipe['calibration']): Recipe => ({ version: 1, model: 'opt', prune, calibration })

describe('several data files', () => {
  const refusals: [what: string, calibration: unknown, message: string][] = [
    ['a file twice', { data: ['a.jsonl', 'a.jsonl'] }, 'expected each file once'],
    ['a file by two paths', { data: ['a.jsonl', './b/../a.jsonl'] }, 'expected each file once'],
    [
      'fewer windows than files',
      { data: ['a.jsonl', 'b.jsonl'], samples: 1 },
      'expected at least one for each of the 2 files',
    ],
  ]
  for (const [what, calibration, message] of refusals)
    it(`are not ${what}`, () => {
      const { error } = recipeSchema.safeParse({ version: 1, model: 'opt', prune, calibration })
      assert.ok(JSON.stringify(error?.issues).includes(message), JSON.stringify(error?.issues))
    })

  it('are not an empty list', () => {
    assert.ok(!recipeSchema.safeParse({ version: 1, model: 'opt', calibration: { data: [] } }).success)
  })

  it('are not taken by an evaluation entry, which has one file', () => {
    assert.ok(!recipeSchema.safeParse({ version: 1, model: 'opt', evaluate: [{ data: ['a', 'b'] }] }).success)
  })

  it('give an even share each', () => {
    const calibration = { data: ['a.jsonl', 'b.jsonl', 'c.jsonl'], samples: 8, seq_len: 64 }
    const uses = dataUses(resolveRecipe(written(calibration)))
    assert.deepEqual(
      uses.map(({ at, data, samples, files }) => [at.join('.'), data, samples, files]),
      [
        ['calibration.data.0', 'a.jsonl', 3, 3],
        ['calibration.data.1', 'b.jsonl', 3, 3],
        ['calibration.data.2', 'c.jsonl', 2, 3],
      ],
    )
  })

  it('give as many ids as the smallest has', () => {
    const shapes: Record<string, readonly number[]> = { a: [10, 32], b: [200], c: [9, 16] }
    const idShape: IdShape = (data) => shapes[data] ?? null
    const of = (...data: string[]) => {
      const { samples, seq_len: seqLen } = resolveRecipe(written({ data }), { idShape }).calibration ?? {}
      return [samples, seqLen]
    }
    assert.deepEqual(of('a', 'c'), [18, 16])
    assert.deepEqual(of('a', 'b', 'c'), [27, 16])
    // Text has no number of its own, and gives what the others do.
    assert.deepEqual(of('a', 'text.jsonl'), [20, 32])
    assert.deepEqual(of('text.jsonl', 'other.jsonl'), [128, 2048])
  })

  it('have windows drawn with the seed when one of them is text', () => {
    const keys = (data: string[]) =>
      [0, 1].map((seed) => pruningOf({ ...resolveRecipe(written({ data, seq_len: 16 })), seed }))
    const [first, other] = keys(['a.safetensors', 'b.safetensors'])
    assert.equal(first, other)
    assert.notEqual(...(keys(['a.safetensors', 'b.jsonl']) as [string, string]))
  })

  const facts = factsOf(modelOf(optConfig, { masked: true }))
  const step = 'prune: [{method: wanda, sparsity: 0.3}]\n'
  /** What a rule says of these lines, and the text that it points at. */
  function found(rule: string, lines: string): [at: string, message: string][] {
    const text = `version: 1\nmodel: m\n${lines}\nsave: {to: out}\n`
    return lint(text, { facts })
      .findings.filter(({ name }) => name === rule)
      .map(({ range: { start, end }, message }) => [
        text.split('\n')[start.line].slice(start.character, end.character),
        message,
      ])
  }
  const said: [rule: string, lines: string, at: string, message: RegExp][] = [
    [
      'data-file-missing',
      `${step}calibration: {data: [a.jsonl, gone.txt], seq_len: 64}`,
      'gone.txt',
      /^There is no file gone.txt/,
    ],
    [
      'too-little-text',
      `${step}calibration: {data: [a.jsonl, ids.safetensors], samples: 130, seq_len: 16}`,
      '130',
      /^ids.safetensors has 64 windows, 65 are needed there: lower samples/,
    ],
    [
      'too-little-text',
      'recover: {mode: retrain, train: [norm], data: [a.jsonl, b.jsonl], samples: 2001, seq_len: 16}',
      '2001',
      /takes one for each of its 1001 samples there/,
    ],
    [
      'documents-too-short',
      `${step}calibration: {data: [a.jsonl, short.jsonl], seq_len: 512}`,
      '512',
      /^The longest document of short.jsonl/,
    ],
    [
      'evaluates-training-data',
      `${step}calibration: {data: [a.jsonl, b.jsonl], seq_len: 64}\nevaluate: [{data: b.jsonl, seq_len: 64}]`,
      'b.jsonl',
      /also used for calibration/,
    ],
    ['seq-len-not-set', `${step}calibration: {data: [a.jsonl, b.jsonl]}`, 'a.jsonl', /^seq_len is not set here/],
    [
      'key-without-effect',
      `${step}calibration: {data: [c.txt, d.txt], field: text, seq_len: 64}`,
      'field',
      /with a \.txt file/,
    ],
  ]
  for (const [rule, lines, at, message] of said)
    it(`${rule} is said once, of ${at}`, () => {
      const findings = found(rule, lines)
      assert.deepEqual(
        findings.map(([place]) => place),
        [at],
        JSON.stringify(findings),
      )
      assert.match(findings[0][1], message)
    })

  it('may have a field where one of them has fields', () => {
    const lines = `${step}calibration: {data: [c.txt, a.jsonl], field: text, seq_len: 64}`
    assert.deepEqual(found('key-without-effect', lines), [])
  })

  it('share the fewer samples that a rule offers', () => {
    const text = `version: 1\nmodel: m\n${step}calibration: {data: [a.jsonl, ids.safetensors], samples: 200, seq_len: 16}\n`
    const [{ fixes }] = lint(text, { facts }).findings.filter(({ name }) => name === 'too-little-text')
    assert.match(fixes[0].edits[0].newText, /128/)
  })
})
