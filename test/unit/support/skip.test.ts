import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { goldenPath } from '../../support/shared.ts'
import { cannot, lacks } from '../../support/skip.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('skipped tests', () => {
  const CI = process.env.CI
  afterEach(() => {
    if (CI === undefined) delete process.env.CI
    else process.env.CI = CI
  })
  const skipped = new Error('skipped')
  const context = {
    skip() {
      throw skipped
    },
  } as unknown as Mocha.Context

  it('fail in CI where the set-up should have provided what they need, and may be skipped elsewhere', () => {
    delete process.env.CI
    assert.throws(() => lacks(context, 'no browser'), skipped)
    process.env.CI = 'true'
    assert.throws(() => lacks(context, 'no browser'), /no browser.*failure/)
    assert.throws(() => cannot(context, 'not on Windows'), skipped)
  })

  it('never hide a committed fixture that is missing', () => {
    assert.throws(() => goldenPath('opt', 'gone.safetensors'), /gone\.safetensors is missing/)
  })

  it('all say why: only test/support/skip.ts calls skip', () => {
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    const silent = files.filter((name) =>
      /\b(?:this|context|suite|it|describe)\.skip\(/.test(readFileSync(join(root, name), 'utf8')),
    )
    assert.deepEqual(silent, [join('support', 'skip.ts')])
  })
})
