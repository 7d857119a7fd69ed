// Texts after a rule's fix: what people write is still there, and is right.
import assert from 'node:assert/strict'
import { factsOf, modelOf, optConfig } from '../../support/recipeFacts.ts'
import { lint } from '../../../src/lint/lint.ts'
import type { LintFacts } from '../../../src/recipe/facts.ts'
import { applyEdits } from '../../support/applyEdits.ts'

const head = 'version: 1\nmodel: m\nseed: 0\n'
const data = 'calibration: {data: a.jsonl, seq_len: 64}\n'
const save = 'save: {to: out}\n'

function fixesOf(rule: string, text: string, facts?: LintFacts): { title: string; text: string }[] {
  const { findings, document } = lint(head + text, { facts })
  const found = findings.filter(({ name }) => name === rule)
  assert.equal(found.length, 1, `${rule}: ${findings.map(({ message }) => message).join('\n')}`)
  return found[0].fixes.map(({ title, edits }) => ({ title, text: applyEdits(document, edits).slice(head.length) }))
}

/** [rule, text, its text after the only fix] */
const fixed: [rule: string, text: string, after: string][] = [
  ['targets-not-a-list', 'prune:\n- targets: re:.*fc[12]$\n', 'prune:\n- targets: ["re:.*fc[12]$"]\n'],
  ['targets-not-a-list', 'prune:\n- targets: "re:.*fc1" # c\n', 'prune:\n- targets: ["re:.*fc1"] # c\n'],
  ['targets-not-a-list', 'prune:\n- targets: q_proj, k_proj\n', 'prune:\n- targets: [q_proj, k_proj]\n'],
  ['wrong-value', 'recover:\n  train: norm, bias # both\n', 'recover:\n  train: [norm, bias] # both\n'],
  [
    'wrong-value',
    'evaluate:\n- task: samples\n  prompts: Hello, [x\n',
    'evaluate:\n- task: samples\n  prompts: ["Hello, [x"]\n',
  ],
  ['wrong-value', 'prune: {sparsity: 0.3} # all\n', 'prune: [{sparsity: 0.3}] # all\n'],
  ['key-without-effect', 'prune:\n  - dampening: 0.02 # d\nseed: 1\n', 'prune:\n  - {} # d\nseed: 1\n'],
  ['key-without-effect', 'recover:\n  loss_on: all # a\n', 'recover:\n  {} # a\n'],
  [
    'key-without-effect',
    'recover: {}\nevaluate: [{data: b.txt, at: [pruned]}]\n',
    'recover: {}\nevaluate: [{data: b.txt}]\n',
  ],
  ['misplaced-key', 'recover:\n  mode: refit\n  lora:\n    lr: 1.0\n', 'recover:\n  mode: refit\n  lr: 1.0\n'],
  ['ambiguous-boolean', 'save: {to: off}\n', 'save: {to: "off"}\n'],
  ['ambiguous-boolean', 'recover: {shuffle: off}\n', 'recover: {shuffle: false}\n'],
]

describe('the fix of', () => {
  for (const [rule, text, after] of fixed)
    it(`${rule} in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(
        fixesOf(rule, text).map((fix) => fix.text),
        [after],
      )
    })

  it('an item of a list names the item', () => {
    const [{ title, text }] = fixesOf('key-without-effect', 'evaluate: [{data: b.txt, at: [dense, pruned]}]\n')
    assert.deepEqual([title, text], ['Remove pruned in at', 'evaluate: [{data: b.txt, at: [dense]}]\n'])
  })

  it('a length that is not written adds it, and keeps the data', () => {
    const facts = factsOf(modelOf(optConfig, { masked: true }))
    const [{ text }] = fixesOf(
      'documents-too-short',
      'calibration: {data: short.jsonl}\nprune: [{method: wanda}]\n',
      facts,
    )
    assert.match(text, /^calibration: \{seq_len: \d+, data: short\.jsonl\}\n/)
  })
})

describe('no fix', () => {
  it('moves a key out of the map that it is all of', () => {
    assert.deepEqual(fixesOf('misplaced-key', `recover:\n  lora:\n    lr: 1.0\n${data}${save}`), [])
  })

  it('writes a map over several lines, which may have comments, as a list', () => {
    assert.deepEqual(fixesOf('wrong-value', 'prune:\n  method: magnitude # fast\n  sparsity: 0.3\n'), [])
  })
})

describe('a section without a required key', () => {
  it('is left out, and the others are read', () => {
    for (const text of [
      `prune: [{method: wanda}]\ncalibration: {samples: 128}\n${save}`,
      `prune: [{sparsity: 0.3}]\nevaluate: [{seq_len: 64}]\n${save}`,
      'prune: [{sparsity: 0.3}]\nsave: {}\n',
    ])
      assert.deepEqual(
        lint(head + text).findings.map(({ name }) => name),
        ['missing-key'],
        text,
      )
  })
})
