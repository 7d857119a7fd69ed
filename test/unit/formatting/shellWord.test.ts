import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { shellWord } from '../../../src/formatting/shellWord.ts'
import { cannot } from '../../support/skip.ts'

describe('a word for a POSIX shell', () => {
  it('is left alone where nothing in it has a meaning', () =>
    assert.equal(shellWord('.sparsescope/runs/20261125-wanda'), '.sparsescope/runs/20261125-wanda'))

  it('is one word again, whatever is in it', function () {
    if (process.platform === 'win32') cannot(this, 'there is no POSIX shell')
    const words = ['', "it's here", 'a b', '$HOME', '~', '`x`', '"', '*', '-n', 'a\nb', '模型', '#', '\\', ';&|<>()!']
    const said = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], { encoding: 'utf8' })
    assert.deepEqual(said.split('\0').slice(0, -1), words)
  })
})
