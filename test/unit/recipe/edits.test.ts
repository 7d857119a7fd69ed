// Edits of values and removals in the styles that people and other programs write YAML in.
import assert from 'node:assert/strict'
import { lint } from '../../../src/lint/lint.ts'
import { readDocument, type RecipeDocument } from '../../../src/recipe/document.ts'
import { remove, replaceValue } from '../../../src/recipe/edits.ts'
import { applyEdits } from '../../support/applyEdits.ts'
import type { TextEdit } from '../../../src/recipe/finding.ts'

const change = (text: string, make: (document: RecipeDocument) => TextEdit[]) => {
  const document = readDocument(text)
  return applyEdits(document, make(document))
}
/** The text after the only fix of a rule. */
function fixed(text: string, rule: string): string {
  const { document, findings } = lint(text)
  const fix = findings.find(({ name }) => name === rule)?.fixes[0]
  assert.ok(fix, rule)
  return applyEdits(document, fix.edits)
}
const errorsIn = (text: string) => lint(text).findings.filter(({ severity }) => severity === 'error')

describe('edits of values', () => {
  it('put a list on one line that is at the indent of its key', () => {
    const text = 'recover:\n  train:\n  - norm # small\n  - lora\n  steps: 3\n'
    assert.equal(
      change(text, (d) => replaceValue(d, ['recover', 'train'], '[norm, mask_lora]')),
      'recover:\n  train:\n    [norm, mask_lora]\n  steps: 3\n',
    )
    assert.equal(
      change('train:\n    - norm\n', (d) => replaceValue(d, ['train'], '[bias]')),
      'train:\n    [bias]\n',
    )
  })

  it('put a space before a missing value, and one before a comment', () => {
    for (const [text, expected] of [
      ['version:\nmodel: opt\n', 'version: 1\nmodel: opt\n'],
      ['version: # v\nmodel: opt\n', 'version: 1 # v\nmodel: opt\n'],
      ['version:', 'version: 1'],
    ])
      assert.equal(
        change(text, (d) => replaceValue(d, ['version'], '1')),
        expected,
      )
  })

  it('keep what has an anchor that is used elsewhere', () => {
    const text = 'calibration:\n  data: &text a.jsonl\nrecover:\n  data: *text\n  more: *text\n'
    assert.equal(
      change(text, (d) => remove(d, ['calibration'])),
      text,
    )
    assert.equal(
      change(text, (d) => remove(d, ['recover'])),
      'calibration:\n  data: &text a.jsonl\n',
    )
  })
})

describe('fixes', () => {
  it('work for targets over several lines, and for words that JavaScript knows', () => {
    const folded =
      'version: 1\nmodel: m\nprune:\n  - sparsity: 0.3\n    targets: >-\n      Linear\nsave: {to: out}\nseed: 0\n'
    assert.deepEqual(errorsIn(fixed(folded, 'targets-not-a-list')), [])
    const { findings } = lint('version: 1\nmodel: constructor\nprune: [{sparsity: 0.3}]\nsave: {to: __proto__}\n')
    assert.ok(!findings.some(({ name }) => name === 'ambiguous-boolean'))
  })

  it('are for a disabling comment that ends in a colon too', () => {
    const text = 'version: 1\n# sparsescope-disable lr-off-grid:\nmodel: m\nprune: [{sparsity: 0.3}]\nsave: {to: out}\n'
    assert.ok(lint(text).findings.some(({ name }) => name === 'useless-disable'))
  })
})

describe('rules about a recipe with a sweep', () => {
  const named = (text: string) => lint(text).findings.map(({ name }) => name)
  const head = 'version: 1\nmodel: m\nsave: {to: out}\n'
  const calibration = '{data: a.jsonl, seq_len: 64}'

  it('do not judge what its runs change', () => {
    const cases = `sweep: {cases: [{name: a, set: {calibration: ${calibration}}}]}\n`
    assert.ok(!named(`${head}prune: [{method: wanda, sparsity: 0.5}]\n${cases}`).includes('data-not-named'))
    const all = named(`${head}sweep: {cases: [{name: a, set: {prune: [{sparsity: 0.3}]}}]}\n`)
    for (const rule of ['recipe-does-nothing', 'key-without-effect']) assert.ok(!all.includes(rule), rule)
    const methods = named(
      `${head}prune: [{method: magnitude, sparsity: 0.5, iterations: 30}]\ncalibration: ${calibration}\nsweep: {prune.0.method: [magnitude, admm]}\n`,
    )
    for (const rule of ['unused-calibration', 'key-without-effect']) assert.ok(!methods.includes(rule), rule)
    assert.ok(
      !named(`${head}prune: [{method: random, sparsity: 0.5}]\nsweep: {seed: [0, 1]}\n`).includes('seed-not-set'),
    )
  })

  it('report what no run changes, and what a run lacks', () => {
    const idle = named(
      `${head}seed: 0\nprune: [{method: magnitude, sparsity: 0.5, dampening: 0.1}]\nsweep: {prune.0.sparsity: [0.4, 0.6]}\n`,
    )
    assert.ok(idle.includes('key-without-effect'))
    const lacks = named(`${head}prune: [{sparsity: 0.5}]\nsweep: {prune.0.method: [magnitude, wanda]}\n`)
    assert.ok(lacks.includes('sweep-run-refused'), lacks.join())
  })
})
