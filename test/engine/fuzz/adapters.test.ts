// A folder of PEFT is anybody's: whatever its bytes, it has a layout on the model or a sentence says why not, in little memory.
import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  adapterConfigName,
  adapterWeightsName,
  ofAdapter,
  openAdapter,
} from '../../../src/engine/checkpoint/adapterFolder.ts'
import { adapterProblem } from '../../../src/engine/facts/recipeFacts.ts'
import { modelFacts } from '../../../src/engine/facts/modelFacts.ts'
import { layoutOfAdapter } from '../../../src/plan/adapterLayout.ts'
import type { ModelFacts } from '../../../src/recipe/facts.ts'
import { holds, patience } from '../../support/fuzz.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

const fixture = (...parts: string[]) =>
  fileURLToPath(new URL(`../../fixtures/peft/${parts.join('/')}`, import.meta.url))

describe('mutated adapters give a layout or a sentence', function () {
  this.timeout(patience)
  let temp: Scratch
  before(() => (temp = scratch()))

  for (const name of ['llama', 'gpt2', 'phi3'])
    describe(name, () => {
      let model: ModelFacts
      before(async () => {
        model = await modelFacts(fixture(name, 'base'))
        cpSync(fixture(name, 'adapter'), temp.path(name), { recursive: true })
      })

      const merged = async () => {
        const { config, file } = await openAdapter(temp.path(name))
        await file.close()
        ofAdapter(name, () => layoutOfAdapter(config, file.tensors, model.parameters))
      }

      for (const file of [adapterConfigName, adapterWeightsName])
        it(file, async () => {
          const before = process.memoryUsage().rss
          await holds([readFileSync(fixture(name, 'adapter', file))], (bytes) => {
            temp.write(`${name}/${file}`, bytes)
            return merged()
          })
          assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20)
          cpSync(fixture(name, 'adapter', file), temp.path(name, file))
          assert.equal(await adapterProblem(temp.path(name), model), null)
        })
    })

  it('patterns that would take forever, and many of them, are refused or matched in bounded time', async () => {
    const path = temp.path('patterns')
    cpSync(fixture('llama', 'adapter'), path, { recursive: true })
    const model = await modelFacts(fixture('llama', 'base'))
    const config = JSON.parse(readFileSync(fixture('llama', 'adapter', adapterConfigName), 'utf8')) as object
    const problem = (more: object) => {
      temp.write(`patterns/${adapterConfigName}`, JSON.stringify({ ...config, ...more }))
      return adapterProblem(path, model)
    }
    const many = Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`nothing.${i}`, 2]))
    assert.match((await problem({ alpha_pattern: { '(((a+)+)+)+b|(.*.*.*)*x': 1 } })) ?? 'merged', /merged|pattern/)
    assert.equal(await problem({ alpha_pattern: many }), null)
    const expressions = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x${i}+`, 2]))
    assert.match((await problem({ alpha_pattern: expressions })) ?? '', /65 regular expressions/)
    assert.match((await problem({ use_dora: true })) ?? '', /is a DoRA/)
    assert.match((await problem({ init_lora_weights: 'pissa_niter_16' })) ?? '', /init_lora_weights/)
    assert.match((await problem({ bias: 'all', use_rslora: 1 })) ?? '', /^the adapter \S+ has use_rslora "1"/)
    assert.match(
      (await problem({ target_modules: ['q_proj', 'q_prj'] })) ?? '',
      /"q_prj" among target_modules.*did it mean q_proj/,
    )
    assert.match((await problem({ target_modules: ['q_proj', 'v_proj'] })) ?? '', /"v_proj" among target_modules/)
    assert.match((await problem({ modules_to_save: ['norm', 'score'] })) ?? '', /"score" among modules_to_save/)
    assert.match((await problem({ r: 8 })) ?? '', /expected \[8, /)
    assert.match((await problem({ some_new_trick: { a: 1 } })) ?? '', /"some_new_trick", which is not known here/)
  })

  it('bias: all with a bias missing is refused', async () => {
    const model = await modelFacts(fixture('gpt2', 'base'))
    const path = temp.path('biases')
    cpSync(fixture('gpt2', 'adapter'), path, { recursive: true })
    const { config, file } = await openAdapter(path)
    await file.close()
    const left = new Map([...file.tensors].filter(([name]) => !name.endsWith('h.1.mlp.c_fc.base_layer.bias')))
    assert.throws(
      () => layoutOfAdapter(config, left, model.parameters),
      /bias: all\), and lacks .*h\.1\.mlp\.c_fc\.bias/,
    )
  })
})
