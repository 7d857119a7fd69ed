import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lintText } from '../../../src/engine/facts/recipeFacts.ts'
import { lint } from '../../../src/lint/lint.ts'

const folder = fileURLToPath(new URL('../../../samples', import.meta.url))

describe('sample recipes', () => {
  for (const name of readdirSync(folder).filter((n) => n.endsWith('.prune.yaml'))) {
    const text = readFileSync(join(folder, name), 'utf8')
    it(`${name} has no finding in itself`, () => {
      assert.deepEqual(lint(text).findings, [])
    })

    it(`${name} has no finding beside its model and data`, async () => {
      const model = /^model: (\S+)/m.exec(text)?.[1] ?? ''
      assert.ok(existsSync(join(folder, model)), `the sample model ${model} is committed, restore it with git`)
      const { findings } = await lintText(text, { folder })
      // Who has run the sample has its output already.
      assert.deepEqual(
        findings.filter((f) => f.rule !== 'G2'),
        [],
      )
    })
  }
})
