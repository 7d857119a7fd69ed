import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suites } from '../../../scripts/test/suites.mjs'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Tests in a real VS Code belong to scripts/testVscode.mjs. */
const ofVscode = /^test\/(e2e|integration\/host)\//

describe('the processes of the tests', () => {
  const written = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name}`)
    .filter((name) => name.endsWith('.test.ts') && !ofVscode.test(name))
  const filesOf = (all: boolean) => suites(all).flatMap(({ title, files }) => (/processor/.test(title) ? [] : files))

  it('have every test file once in test:all', () => assert.deepEqual(filesOf(true).sort(), written.sort()))

  it('have a part of them in npm test, some in each process', () => {
    const short = filesOf(false)
    assert.ok(short.length < written.length && short.every((file) => written.includes(file)))
    assert.ok(suites(false).every(({ files }) => files.length > 0))
  })
})
