import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { views } from '../../src/protocol/view.ts'
import { root } from '../support/browser.ts'
import { lacks } from '../support/skip.ts'

/** Bytes: what a view may cost when it opens. */
const budget = 150_000

describe('bundles of the views', () => {
  for (const view of Object.keys(views)) {
    it(`${view} is under ${budget / 1000} kB, and names no address on the network`, function () {
      const path = join(root, `dist/webview/${view}.js`)
      if (!existsSync(path)) lacks(this, 'no dist/webview: run npm run build')
      assert.ok(statSync(path).size < budget)
      const addresses = readFileSync(path, 'utf8').match(/https?:\/\/[\w./-]+/g) ?? []
      // XML namespaces are names, not addresses.
      assert.deepEqual(
        addresses.filter((a) => !a.startsWith('http://www.w3.org/')),
        [],
      )
    })
  }
})
