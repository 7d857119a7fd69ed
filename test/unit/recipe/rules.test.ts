// Every rule: fires on its bad example, is silent on its good one, and each quick fix silences it without making an error.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { applyEdits } from '../../../src/shared/recipe/edits.ts'
import type { LintFacts } from '../../../src/shared/recipe/facts.ts'
import { lint } from '../../../src/shared/lint/lint.ts'
import type { Rule } from '../../../src/shared/rule/rule.ts'
import { findRule, rules } from '../../../src/shared/lint/rules.ts'
import {
  factsOf,
  gpt2Config,
  gptNeoxConfig,
  llamaConfig,
  modelOf,
  optConfig,
  tensorsOf,
} from '../../support/recipeFacts.ts'
import { inAllStyles } from '../../support/recipeStyles.ts'
import { ruleNames } from '../../support/ruleNames.ts'

const good = factsOf(modelOf(optConfig, { masked: true }))
const sparsities = new Map([['model.decoder.layers.0.fc1', 0.2]])

/** Surroundings in which a rule's bad example is bad, where the usual ones will not do. */
const special: Record<string, LintFacts> = {
  T8: factsOf(modelOf(llamaConfig, { masked: true })),
  T12: factsOf(modelOf(gptNeoxConfig, { masked: true })),
  T13: factsOf(modelOf(gpt2Config)),
  N10: factsOf(modelOf(optConfig, { sparsities })),
  R2: factsOf(modelOf(llamaConfig, { masked: true })),
  R9: factsOf(modelOf(optConfig)),
  R10: factsOf(
    modelOf(optConfig, {
      tensors: new Map([...tensorsOf(optConfig), ['model.extra_norm.weight', { dtype: 'F32', shape: [64] }]]),
    }),
  ),
  C1: factsOf(modelOf(null, { tensors: new Map() })),
  C2: factsOf(modelOf({ model_type: 'bert' }, { tensors: new Map() })),
  C3: factsOf(modelOf(optConfig, { problems: [{ rule: 'damaged-weights', message: 'A shard is missing.' }] })),
  C4: factsOf(modelOf({ ...optConfig, ffn_dim: 128 }, { tensors: tensorsOf(optConfig) })),
  C5: factsOf(modelOf(optConfig, { tensors: tensorsOf(optConfig, 'F8_E4M3') })),
  C6: factsOf(modelOf(optConfig, { tokenizer: { present: false, largestId: null } })),
  C7: factsOf(modelOf(optConfig, { problems: [{ rule: 'unsafe-weights', message: 'It is a pickle.' }] })),
  C8: factsOf(modelOf({ ...optConfig, sparsity_config: {} }, { tensors: tensorsOf(optConfig) })),
}

const textOf = (rule: Rule, example: string) => {
  const head = /^version:/m.test(example) ? '' : 'version: 1\n'
  return `${head}${/^model:/m.test(example) || rule.alias === 'S8' ? '' : 'model: m\n'}${example}\n`
}
const fired = (rule: Rule, text: string, facts: LintFacts) =>
  lint(text, { facts }).findings.filter((f) => f.name === rule.name)

describe('lint rules', () => {
  it('have unique names and ids, and every one of the reference is there', () => {
    const words = rules.flatMap(({ name, alias }) => [...new Set([name, alias])])
    assert.equal(new Set(words.map((word) => word.toLowerCase())).size, words.length)
    for (const [id, name] of ruleNames) assert.equal(findRule(id)?.name, name, id)
  })

  it('have a file each, which is in the registry', () => {
    const files = readdirSync(new URL('../../../src/shared/recipe/rules', import.meta.url))
    const named = files.filter((file) => file !== 'index.ts').map((file) => file.replace(/\.ts$/, ''))
    assert.deepEqual(rules.map(({ name }) => name).sort(), named.sort())
  })

  for (const rule of rules) {
    const facts = special[rule.alias] ?? good
    const bad = textOf(rule, rule.bad)
    it(`${rule.name} fires: ${rule.title}`, () => {
      const found = fired(rule, bad, facts)
      assert.ok(found.length > 0, `${bad}\n${JSON.stringify(lint(bad, { facts }).findings, null, 1)}`)
      for (const { message, range } of found) {
        assert.match(message, /^[^\n]{10,400}[.?]$/, 'a sentence')
        assert.ok(range.end.line > range.start.line || range.end.character > range.start.character, 'shows something')
      }
    })

    it(`${rule.name} is silent where nothing is wrong`, () => {
      const text = textOf(rule, rule.good).replace(/^model: m\n(?=version)/, '')
      const whole = rule.alias === 'S8' ? text.replace('version: 1\n', 'version: 1\nmodel: m\n') : text
      assert.deepEqual(fired(rule, whole, good), [])
    })

    it(`${rule.name}: each fix mends it, however the recipe is written`, () => {
      for (const [style, text] of inAllStyles(bad)) {
        const { document, findings } = lint(text, { facts })
        for (const finding of findings.filter((f) => f.name === rule.name)) {
          for (const fix of finding.fixes) {
            const mended = applyEdits(document, fix.edits)
            const what = `${style}, ${fix.title}:\n${text}→\n${mended}`
            const after = lint(mended, { facts })
            const left = after.findings.filter((f) => f.name === rule.name && f.message === finding.message)
            assert.deepEqual(left, [], what)
            assert.equal(after.document.problems.length > document.problems.length, false, `breaks the YAML ${what}`)
          }
        }
      }
    })
  }
})
