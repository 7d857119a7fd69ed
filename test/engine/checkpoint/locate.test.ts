import assert from 'node:assert/strict'
import { join } from 'node:path'
import { nameOfWeights } from '../../../src/engine/checkpoint/locate.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

describe('what names a checkpoint in a recipe', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  for (const [names, chosen, isFolder] of [
    [['model.safetensors'], 'model.safetensors', true],
    [['only.safetensors'], 'only.safetensors', true],
    [['model.safetensors', 'student.safetensors'], 'model.safetensors', true],
    [['model.safetensors', 'student.safetensors'], 'student.safetensors', false],
    [['a.safetensors', 'b.safetensors'], 'b.safetensors', false],
    [['model.safetensors.index.json', 'other.safetensors'], 'model.safetensors.index.json', true],
  ] as const)
    it(`${chosen} of ${names.join(' and ')}: ${isFolder ? 'the folder' : 'the file'}`, async () => {
      for (const name of names) temp.write(name, '{}')
      const weights = join(temp.folder, chosen)
      assert.equal(await nameOfWeights(weights), isFolder ? temp.folder : weights)
    })
})
