import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { tools } from '../../../src/agents/tools.ts'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

describe('the table of tools for agents', () => {
  it('has a name, an icon, and words for people and for models in every row', () => {
    assert.equal(new Set(tools.map(({ name }) => name)).size, tools.length)
    for (const { name, title, about, icon } of tools) {
      assert.match(name, /^[a-z]+_[a-z]+$/)
      assert.match(icon, /^\$\([a-z-]+\)$/)
      assert.ok(title !== '' && about.endsWith('.'), name)
    }
  })

  it('says when to use each tool, and when not', () => {
    for (const { name, when } of tools) assert.match(when, /^Use it [^]*\bNot\b/, name)
  })

  it('describes every key of an input, and refuses keys that no tool has', () => {
    for (const { name, input } of tools) {
      assert.ok(!input.safeParse({ misspelt: 1 }).success, name)
      const { properties = {}, additionalProperties } = z.toJSONSchema(input, { io: 'input' })
      assert.equal(additionalProperties, false, name)
      for (const [key, schema] of Object.entries(properties))
        assert.ok(typeof schema === 'object' && (schema.description || key === 'prompts'), `${name}.${key}`)
    }
  })

  it('is described in docs/agents.md and in the skill, which takes less than 2,000 tokens', () => {
    const skill = read('skills/sparsescope/SKILL.md')
    for (const text of [skill, read('docs/agents.md')])
      for (const { name } of tools) assert.ok(text.includes(`\`${name}\``), name)
    // English has about four bytes a token, Markdown fewer.
    assert.ok(Buffer.byteLength(skill) / 3 < 2000)
  })
})
