import assert from 'node:assert/strict'
import { hessianGroups } from '../../../src/engine/blocks/pruneInGroups.ts'
import type { Tensor } from '../../../src/engine/compute/tensor.ts'

describe('groups of Hessians', () => {
  const linear = (name: string, inputKey: string, inputs: number) => {
    const weight: Tensor = { buffer: 0, dtype: 'f32', shape: [1, inputs], offset: 0, length: inputs }
    return { name, inputKey, weight }
  }
  const block = [
    linear('q', 'x', 10),
    linear('k', 'x', 10),
    linear('o', 'heads', 10),
    linear('up', 'y', 10),
    linear('down', 'z', 40),
  ]
  const groupsOf = (bytes: number, wants: (name: string) => boolean = () => true) =>
    hessianGroups(block, wants, bytes).map((group) => [...group].join())

  it('are one where all fit with a factor of the largest', () => {
    const all = 4 * (3 * 100 + 2 * 1600)
    assert.deepEqual(groupsOf(all), ['z,y,heads,x'])
    assert.deepEqual(groupsOf(all - 1), ['z,y,heads', 'x'])
  })

  it('begin at the end of the block, and hold one at least', () => {
    assert.deepEqual(groupsOf(0), ['z', 'y', 'heads', 'x'])
    assert.deepEqual(groupsOf(4 * 400), ['z', 'y,heads,x'])
  })

  it('contain only what is wanted', () => {
    assert.deepEqual(
      groupsOf(0, (name) => name === 'k' || name === 'up'),
      ['y', 'x'],
    )
    assert.deepEqual(
      groupsOf(0, () => false),
      [],
    )
  })
})
