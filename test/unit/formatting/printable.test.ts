import assert from 'node:assert/strict'
import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { printable, printableLine, shellWord } from '../../../src/formatting/printable.ts'
import { cannot } from '../../support/skip.ts'

describe('printable', () => {
  it('leaves text of any script alone, with its tabs and line breaks', () => {
    for (const text of ['a\tb\nc', 'héllo 漢字 🙂 – × →', 'עברית']) assert.equal(printable(text), text)
  })

  it('makes visible what would control a terminal or change the reading direction', () => {
    assert.equal(
      printable('\u001b[2J\u009b31m\r\u0007\u202eexe\u2066'),
      String.raw`\u001b[2J\u009b31m\u000d\u0007\u202eexe\u2066`,
    )
    assert.equal(printableLine('a\nb\tc\u2028d'), String.raw`a\nb\tc\u2028d`)
    assert.equal(printable('\ud83d\ude42\ud83d'), '\ud83d\ude42\\ud83d')
  })

  it('keeps the meaning of JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(JSON.parse(printable(JSON.stringify(text))), text)
      }),
    )
  })
})

describe('a word for a POSIX shell', () => {
  it('is left alone where nothing in it has a meaning', () =>
    assert.equal(shellWord('.sparsescope/runs/20261125-wanda'), '.sparsescope/runs/20261125-wanda'))

  it('stays one word, whatever is in it', function () {
    if (process.platform === 'win32') cannot(this, 'there is no POSIX shell')
    const words = ['', "it's here", 'a b', '$HOME', '~', '`x`', '"', '*', '-n', 'a\nb', '模型', '#', '\\', ';&|<>()!']
    const said = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], { encoding: 'utf8' })
    assert.deepEqual(said.split('\0').slice(0, -1), words)
  })
})
