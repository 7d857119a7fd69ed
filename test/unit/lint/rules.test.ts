// Every rule: fires on its bad example, is silent on its good one, and each quick fix silences it without making an error.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { applyEdits } from '../../support/applyEdits.ts'
import type { LintFacts } from '../../../src/recipe/facts.ts'
import { findRule, lint, rules } from '../../../src/lint/lint.ts'
import type { Rule } from '../../../src/lint/rule.ts'
import { inAllStyles } from '../../support/recipeStyles.ts'
import { exampleFacts, exampleText, usualFacts } from '../../support/ruleExamples.ts'
import { ruleNames } from '../../support/ruleNames.ts'

const fired = (rule: Rule, text: string, facts: LintFacts) =>
  lint(text, { facts }).findings.filter((f) => f.name === rule.name)

describe('lint rules', () => {
  it('have unique names and ids, and include every rule of the reference', () => {
    const words = rules.flatMap(({ name, alias }) => [...new Set([name, alias])])
    assert.equal(new Set(words.map((word) => word.toLowerCase())).size, words.length)
    for (const [id, name] of ruleNames) assert.equal(findRule(id)?.name, name, id)
  })

  it('have a file each, which is in the registry', () => {
    const files = readdirSync(new URL('../../../src/lint/rules', import.meta.url))
    const named = files.filter((file) => file !== 'index.ts').map((file) => file.replace(/\.ts$/, ''))
    assert.deepEqual(rules.map(({ name }) => name).sort(), named.sort())
  })

  for (const rule of rules) {
    const facts = exampleFacts(rule)
    const bad = exampleText(rule, rule.bad)
    it(`${rule.name} fires: ${rule.title}`, () => {
      const found = fired(rule, bad, facts)
      assert.ok(found.length > 0, `${bad}\n${JSON.stringify(lint(bad, { facts }).findings, null, 1)}`)
      for (const { message, range } of found) {
        assert.match(message, /^[^\n]{10,400}[.?]$/, 'a sentence')
        assert.ok(range.end.line > range.start.line || range.end.character > range.start.character, 'shows something')
      }
    })

    it(`${rule.name} is silent where nothing is wrong`, () => {
      const text = exampleText(rule, rule.good).replace(/^model: m\n(?=version)/, '')
      const whole = rule.alias === 'S8' ? text.replace('version: 1\n', 'version: 1\nmodel: m\n') : text
      assert.deepEqual(fired(rule, whole, usualFacts), [])
    })

    it(`${rule.name}: each fix removes the finding, however the recipe is written`, () => {
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
