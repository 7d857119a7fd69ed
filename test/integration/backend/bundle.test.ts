import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../support/browser.ts'
import { lacks } from '../../support/skip.ts'

/** Bytes: reading them is most of the time that a checkpoint waits for the process. */
const budget = 600_000

/** A bundle and the parts of it that it imports at once, by their names. */
function readAtOnce(name: string, known = new Map<string, string>()): Map<string, string> {
  if (known.has(name)) return known
  const text = readFileSync(join(root, 'dist', name), 'utf8')
  known.set(name, text)
  for (const [, part] of text.matchAll(/(?:^|[;\n])import\b[^"';(]*["']\.\/(backend\.part-[^"']+)["']/g))
    readAtOnce(part, known)
  return known
}

describe('the bundle of the backend', () => {
  it(`reads less than ${budget / 1000} kB before it listens`, function () {
    if (!existsSync(join(root, 'dist/backend.mjs'))) lacks(this, 'no dist/backend.mjs: run npm run build')
    const texts = [...readAtOnce('backend.mjs').values()]
    assert.ok(texts.length > 1, 'no part of it was found')
    assert.ok(texts.reduce((sum, text) => sum + text.length, 0) < budget)
  })
})
