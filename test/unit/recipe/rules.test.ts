// Every rule: fires on its bad example, is silent on its good one, and each quick fix silences it without making an error.
import assert from 'node:assert/strict'
import { applyEdits } from '../../../src/shared/recipe/edits.ts'
import type { LintFacts } from '../../../src/shared/recipe/facts.ts'
import { lint } from '../../../src/shared/recipe/lint.ts'
import type { Rule } from '../../../src/shared/recipe/rule.ts'
import { rules } from '../../../src/shared/recipe/rules/index.ts'
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
  C3: factsOf(modelOf(optConfig, { problems: [{ rule: 'C3', message: 'A shard is missing.' }] })),
  C4: factsOf(modelOf({ ...optConfig, ffn_dim: 128 }, { tensors: tensorsOf(optConfig) })),
  C5: factsOf(modelOf(optConfig, { tensors: tensorsOf(optConfig, 'F8_E4M3') })),
  C6: factsOf(modelOf(optConfig, { tokenizer: { present: false, largestId: null } })),
  C7: factsOf(modelOf(optConfig, { problems: [{ rule: 'C7', message: 'It is a pickle.' }] })),
  C8: factsOf(modelOf({ ...optConfig, sparsity_config: {} }, { tensors: tensorsOf(optConfig) })),
}

const textOf = (rule: Rule, example: string) => {
  if (rule.foreign === 'only') return example
  const head = /^version:/m.test(example) ? '' : 'version: 1\n'
  return `${head}${/^model:/m.test(example) || rule.id === 'S8' ? '' : 'model: m\n'}${example}\n`
}
const fired = (rule: Rule, text: string, facts: LintFacts) =>
  lint(text, { facts }).findings.filter((f) => f.rule === rule.id)

describe('lint rules', () => {
  it('have unique ids, and every one of the reference is there', () => {
    const ids = rules.map((r) => r.id)
    assert.equal(new Set(ids).size, ids.length)
    const count = { Y: 6, S: 5, T: 14, N: 11, M: 8, R: 10, L: 6, C: 8, G: 4, X: 3 }
    for (const [letter, n] of Object.entries(count)) {
      for (let i = 1; i <= n; i++) assert.ok(ids.includes(`${letter}${i}`), `${letter}${i}`)
    }
  })

  for (const rule of rules) {
    const facts = special[rule.id] ?? good
    const bad = textOf(rule, rule.bad)
    it(`${rule.id} fires: ${rule.title}`, () => {
      const found = fired(rule, bad, facts)
      assert.ok(found.length > 0, `${bad}\n${JSON.stringify(lint(bad, { facts }).findings, null, 1)}`)
      for (const { message, range } of found) {
        assert.match(message, /^[^\n]{10,400}[.?]$/, 'a sentence')
        assert.ok(range.end.line > range.start.line || range.end.character > range.start.character, 'shows something')
      }
    })

    it(`${rule.id} is silent where nothing is wrong`, () => {
      const text = textOf(rule, rule.good).replace(/^model: m\n(?=version)/, '')
      const whole = rule.id === 'S8' ? text.replace('version: 1\n', 'version: 1\nmodel: m\n') : text
      assert.deepEqual(fired(rule, whole, good), [])
    })

    it(`${rule.id}: each fix mends it, however the recipe is written`, () => {
      for (const [style, text] of inAllStyles(bad)) {
        const { document, findings } = lint(text, { facts })
        for (const finding of findings.filter((f) => f.rule === rule.id)) {
          for (const fix of finding.fixes) {
            const mended = applyEdits(document, fix.edits)
            const what = `${style}, ${fix.title}:\n${text}→\n${mended}`
            const after = lint(mended, { facts })
            const left = after.findings.filter((f) => f.rule === rule.id && f.message === finding.message)
            assert.deepEqual(left, [], what)
            assert.equal(after.document.problems.length > document.problems.length, false, `breaks the YAML ${what}`)
          }
        }
      }
    })
  }
})
