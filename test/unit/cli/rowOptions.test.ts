import assert from 'node:assert/strict'
import { Command } from 'commander'
import { addRowOptions, anyNumber, longOptionOf, settingsOf } from '../../../src/cli/rowOptions.ts'
import { calibrationRows } from '../../../src/recipe/settings/calibration.ts'
import { evaluateRows } from '../../../src/recipe/settings/evaluate.ts'
import { pruneRows } from '../../../src/recipe/settings/prune.ts'

const rows = { ...pruneRows, ...calibrationRows }
const given = (...args: string[]) => {
  const command = addRowOptions(
    new Command().exitOverride().configureOutput({ writeErr: () => undefined }),
    rows,
    anyNumber,
  )
  return settingsOf(rows, command.parse(args, { from: 'user' }).opts())
}
const least = ['--method', 'wanda', '--calibration', 'a.txt']

describe('options from rows of settings', () => {
  it('give the settings under their keys in the recipe, and only those that were given', () => {
    assert.deepEqual(given(...least), { method: 'wanda', data: 'a.txt' })
    assert.deepEqual(given(...least, '--seq-len', '64', '--block-size', '32', '--pattern', '2:4'), {
      method: 'wanda',
      data: 'a.txt',
      seq_len: 64,
      block_size: 32,
      pattern: '2:4',
    })
  })

  it('give a list if several values were given, or if the setting is always a list', () => {
    const { sparsity, data, targets } = given(
      ...least,
      '--calibration',
      'b.txt',
      '--sparsity',
      '0.4,0.6',
      '--targets',
      'q',
    )
    assert.deepEqual([sparsity, data, targets], [[0.4, 0.6], ['a.txt', 'b.txt'], ['q']])
    assert.equal(given(...least, '--sparsity', '0.5').sparsity, 0.5)
  })

  it('refuse a word that the row does not have, what is no number, and a missing mandatory setting', () => {
    for (const args of [
      [...least, '--scope', 'column'],
      [...least, '--samples', 'few'],
      ['--sparsity', '0.5'],
    ])
      assert.throws(() => given(...args), args.join(' '))
  })

  it('are found by the key of the setting', () => {
    assert.equal(longOptionOf(rows, 'data'), '--calibration')
    assert.equal(longOptionOf(evaluateRows, 'data'), '--data')
    assert.equal(longOptionOf(evaluateRows, 'every'), null)
    assert.equal(longOptionOf(rows, 'toString'), null)
  })
})
