import assert from 'node:assert/strict'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { wholeLineBytes } from '../../../src/runs/events/eventLog.ts'
import { scratch } from '../../support/scratch.ts'

describe('whole lines of a file', () => {
  let folder = ''
  beforeEach(() => (folder = scratch().folder))
  const whole = (text: string, bytes: number) => {
    const path = join(folder, 'file')
    writeFileSync(path, text)
    const descriptor = openSync(path, 'r')
    try {
      return wholeLineBytes(descriptor, bytes)
    } finally {
      closeSync(descriptor)
    }
  }

  it('are all that was recorded where it is there, and never more', () => {
    assert.equal(whole('{"a":1}\n{"b":2}\n', 16), 16)
    assert.equal(whole('{"a":1}\n{"b":2}\n', 8), 8)
    assert.equal(whole('', 0), 0)
  })

  it('end with the last line that is whole where the file is shorter than recorded', () => {
    assert.equal(whole('{"a":1}\n{"b":', 100), 8)
    assert.equal(whole('{"a":1}\n', 100), 8)
    assert.equal(whole('{"a"', 100), 0)
    assert.equal(whole('', 100), 0)
  })

  it('end before NUL bytes, which a power failure leaves in the length of the file', () => {
    assert.equal(whole('{"a":1}\n{"b"\0\0\0\0', 17), 8)
    assert.equal(whole(`{"a":1}\n${'\0'.repeat(3e6)}`, 3e6), 8)
  })

  it('may be longer than what is read at once', () => {
    const line = `${'x'.repeat(700_000)}\n`
    assert.equal(whole(line.repeat(5), 5 * line.length), 5 * line.length)
    assert.equal(whole(line.repeat(4), 5 * line.length), 4 * line.length)
    assert.equal(whole(`${'x'.repeat(3e6)}\nrest`, 1e9), 3e6 + 1)
  })
})
