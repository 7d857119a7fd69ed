// A value beyond a limit is told the limit: without it, the message describes the very value that it refuses.
import assert from 'node:assert/strict'
import { lint } from '../../../src/lint/lint.ts'

describe('rule S7 of a value beyond a limit', () => {
  const messageOf = (settings: object) => {
    const { findings } = lint(JSON.stringify({ version: 1, model: 'm', ...settings }))
    return findings.find(({ name }) => name === 'wrong-value')?.message
  }
  const samples = (prompts: string[]) => ({ evaluate: [{ task: 'samples', prompts }] })

  it('names the largest whole number', () => {
    assert.match(
      messageOf({ seed: 1.7e18 }) ?? '',
      /^seed: expected a whole number of at least 0 and at most 9007199254740991, but this is 1700000000000000000\.$/,
    )
    assert.equal(messageOf({ seed: -1 }), 'seed: expected a whole number of at least 0, but this is -1.')
  })

  it('names the longest list', () => {
    assert.equal(messageOf(samples(new Array<string>(100).fill('a'))), undefined)
    assert.equal(
      messageOf(samples(new Array<string>(101).fill('a'))),
      'prompts: expected a list of at most 100, each item some text, but this is a list of 101.',
    )
  })

  it('names the longest text', () => {
    assert.equal(
      messageOf(samples(['a'.repeat(2 ** 15 + 1)])),
      'prompts: expected text of at most 32768 characters, but this is a long text.',
    )
  })
})
