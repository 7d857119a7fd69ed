import assert from 'node:assert/strict'
import { coloured } from '../../../src/cli/io.ts'

describe('colour of lines', () => {
  const write = () => undefined
  const warning = 'warning: nothing is left to train'

  it('is used on a terminal, for the first word of warnings and errors', () => {
    assert.equal(coloured(warning, { isTTY: true, write }, {}), '\x1b[33mwarning:\x1b[39m nothing is left to train')
    assert.ok(coloured('sparsescope: no such file', { isTTY: true, write }, {}).startsWith('\x1b[31msparsescope:'))
    assert.equal(coloured('block 3', { isTTY: true, write }, {}), 'block 3')
  })

  it('is not used in a pipe, with NO_COLOR, or on a dumb terminal', () => {
    assert.equal(coloured(warning, { write }, {}), warning)
    assert.equal(coloured(warning, { isTTY: true, write }, { NO_COLOR: '1' }), warning)
    assert.equal(coloured(warning, { isTTY: true, write }, { TERM: 'dumb' }), warning)
  })
})
