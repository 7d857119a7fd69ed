import { dirname } from 'node:path'
import { lintText } from '../../../src/engine/facts/lintFile.ts'
import { readRecipe } from '../../../src/engine/run/open/readRecipe.ts'
import { exportToLlmCompressor } from '../../../src/shared/recipe/foreign/exportRecipe.ts'
import { importRecipe } from '../../../src/shared/recipe/foreign/importRecipe.ts'
import { createMatcher } from '../../../src/shared/recipe/match.ts'
import { readFileSync } from 'node:fs'
import { holds, patience } from '../../support/fuzz.ts'
import { scratch, type Scratch } from '../../support/safetensors.ts'

const sample = (name: string) => readFileSync(new URL(`../../../samples/${name}.prune.yaml`, import.meta.url), 'utf8')
const seeds = ['opt-mask-lora', 'llama-sparsegpt-2of4', 'opt-wanda-reconstruct'].map(sample)
const foreign = [
  'sparsity_stage:\n  sparsity_modifiers:\n    SparseGPTModifier:\n      sparsity: 0.5\n      mask_structure: "2:4"\n      targets: ["re:model.layers.\\\\d*$"]\n',
  'program: main.py\nmethod: grid\nparameters:\n  goal_sparsity:\n    values: [0.5, 0.6]\n  training_mode:\n    value: mask_lora\n',
]

describe('mutated recipes give findings or a sentence', function () {
  this.timeout(patience)
  let temp: Scratch
  before(() => (temp = scratch()))
  after(() => temp.remove())

  it('lint never throws, a run refuses, import and export say what is wrong', () =>
    holds([...seeds, ...foreign], async (bytes) => {
      const path = temp.write('a.prune.yaml', bytes)
      await lintText(bytes.toString('utf8'), { folder: dirname(path) })
      importRecipe(bytes.toString('utf8'))
      exportToLlmCompressor((await readRecipe(path)).recipe)
    }))

  it('values of --set', () => {
    temp.write('b.prune.yaml', seeds[0])
    const settings = ['recover.steps=100', 'prune.0.sparsity=[0.1, 0.2]', 'model="a b"', 'recover.train=[norm, {a: b}]']
    return holds(settings, (bytes) => readRecipe(temp.path('b.prune.yaml'), [bytes.toString('utf8')]))
  })

  it('targets, in bounded time for every pattern', () =>
    holds(
      ['re:.*self_attn\\.(q|k)_proj$', 're:^(a+)+$', 'Linear', 'model.layers.0.fc1', 're:[^\\W_]{2,5}?x|y'],
      (bytes) => {
        const matcher = createMatcher(bytes.toString('utf8'))
        for (const name of ['model.layers.0.self_attn.q_proj', 'a'.repeat(5000)])
          matcher.matches({ name, className: 'Linear' })
      },
    ))
})
