import { dirname } from 'node:path'
import { lintText } from '../../../src/engine/facts/recipeFacts.ts'
import { readRecipe } from '../../../src/engine/run/open/recipeFile.ts'
import { createMatcher } from '../../../src/recipe/match.ts'
import { readFileSync } from 'node:fs'
import { holds, patience } from '../../support/fuzz.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

const sample = (name: string) => readFileSync(new URL(`../../../samples/${name}.prune.yaml`, import.meta.url), 'utf8')
const seeds = ['opt-mask-lora', 'llama-sparsegpt-2of4', 'opt-wanda-reconstruct'].map(sample)

describe('a mutated recipe', function () {
  this.timeout(patience)
  let temp: Scratch
  before(() => (temp = scratch()))

  it('never makes lint throw, and is refused by a run with what is wrong', () =>
    holds(seeds, async (bytes) => {
      const path = temp.write('a.prune.yaml', bytes)
      await lintText(bytes.toString('utf8'), { folder: dirname(path) })
      await readRecipe(path)
    }))

  it('gives a value or a sentence for --set', () => {
    temp.write('b.prune.yaml', seeds[0])
    const settings = ['recover.steps=100', 'prune.0.sparsity=[0.1, 0.2]', 'model="a b"', 'recover.train=[norm, {a: b}]']
    return holds(settings, (bytes) => readRecipe(temp.path('b.prune.yaml'), [bytes.toString('utf8')]))
  })

  it('matches targets in bounded time for every pattern', () =>
    holds(
      ['re:.*self_attn\\.(q|k)_proj$', 're:^(a+)+$', 'Linear', 'model.layers.0.fc1', 're:[^\\W_]{2,5}?x|y'],
      (bytes) => {
        const matcher = createMatcher(bytes.toString('utf8'))
        for (const name of ['model.layers.0.self_attn.q_proj', 'a'.repeat(5000)])
          matcher.matches({ name, className: 'Linear' })
      },
    ))
})
