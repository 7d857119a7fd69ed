import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lint } from '../../../src/lint/lint.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

describe('grammar of recipes', () => {
  const folder = join(root, 'test/fixtures/grammar')
  for (const name of readdirSync(folder)) {
    it(`gives the scopes that ${name} expects`, () => {
      const args = ['node_modules/vscode-tmgrammar-test/dist/unit.js', '-g', 'syntaxes/prune-recipe.tmLanguage.json']
      const { status, stdout } = spawnSync(process.execPath, [...args, join(folder, name)], {
        cwd: root,
        encoding: 'utf8',
      })
      assert.equal(status, 0, stdout)
    })
  }

  it('is whole in itself: what an editor adds to its YAML grammar changes nothing', () => {
    const text = readFileSync(join(root, 'syntaxes/prune-recipe.tmLanguage.json'), 'utf8')
    const included = [...text.matchAll(/"include": "([^"]*)"/g)].map((m) => m[1])
    assert.deepEqual(
      included.filter((name) => !name.startsWith('#')),
      [],
    )
  })
})

describe('snippets of recipes', () => {
  interface Snippet {
    prefix?: string
    body: string[]
    isFileTemplate?: boolean
  }
  const file = join(root, 'syntaxes/prune-recipe.snippets.json')
  const snippets = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Snippet>)

  it('have no prefix where they are whole files: no value offers them', () => {
    for (const [name, { prefix, isFileTemplate }] of snippets)
      assert.equal(prefix === undefined, !!isFileTemplate, name)
  })

  for (const [name, { body }] of snippets.filter(([, s]) => s.isFileTemplate)) {
    it(`${name} is a recipe without findings`, () => {
      const text = `${body.join('\n').replace(/\$\{\d+:([^}]*)\}/g, '$1')}\n`
      assert.deepEqual(lint(text).findings, [])
    })
  }
})
