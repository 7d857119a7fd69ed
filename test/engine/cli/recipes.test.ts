// The commands on recipes: lint, schema.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../../../src/recipe/finding.ts'
import { recipeJsonSchema } from '../../../src/recipe/jsonSchema.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

const recipe = (model: string, data: string, more = '') => `version: 1
model: ${model}
prune:
  - {method: wanda, sparsity: 0.5}
calibration: {data: ${data}, samples: 16, seq_len: 16}
seed: 0
${more}save: {to: out}
`

describe('commands on recipes', () => {
  let temp: Scratch
  let golden: { model: string; data: string }
  before(function () {
    const model = goldenPath('opt')
    const data = goldenPath('opt', 'prune', 'calib.safetensors')
    golden = { model, data }
  })
  beforeEach(() => (temp = scratch()))
  const lintJson = async (path: string) => (await cliJson('lint', path)).findings as (Finding & { file: string })[]

  it('lint ends with 0 without findings and with 3 for a warning or an error', async () => {
    const quiet = '# sparsescope-disable M3: only 16 are there\n'
    const good = temp.write('good.prune.yaml', quiet + recipe(golden.model, golden.data))
    const warned = temp.write('warned.prune.yaml', recipe(golden.model, golden.data))
    const broken = temp.write('broken.prune.yaml', 'version: [1\n')
    assert.equal((await cli('lint', good)).status, 0, (await cli('lint', good)).stdout)
    assert.equal((await cli('lint', warned)).status, 3)
    assert.equal((await cli('lint', good, broken)).status, 3)
    assert.equal((await cli('lint', '--severity', 'M3=off', warned)).status, 0)
    assert.equal((await cli('lint', join(golden.model, 'nothing.prune.yaml'))).status, 2)
    assert.equal((await cli('lint', '--severity', 'M3=loud', warned)).status, 2)
    assert.equal((await cli('lint')).status, 2)
  })

  it('lint prints the JSON of the contract, zero-based', async () => {
    const path = temp.write('a.prune.yaml', recipe(golden.model, golden.data).replace('sparsity: 0.5', 'sparsity: 50'))
    const found = (await lintJson(path)).find((f) => f.rule === 'N6')
    assert.ok(found)
    assert.deepEqual(found.range, { start: { line: 3, character: 30 }, end: { line: 3, character: 32 } })
    assert.deepEqual([found.file, found.severity], [path, 'error'])
    assert.equal(found.fixes[0].edits[0].newText, '0.5')
  })

  it('lint knows the names of the model and the rows of the data', async () => {
    const path = temp.write(
      'a.prune.yaml',
      recipe(golden.model, golden.data)
        .replace('0.5}', '0.5, targets: ["re:fc1"]}')
        .replace('samples: 16', 'samples: 99'),
    )
    const rules = (await lintJson(path)).map((f) => f.rule)
    assert.ok(rules.includes('T3') && rules.includes('M5'), rules.join())
  })

  it('lint says what is wrong with a checkpoint and continues', async () => {
    const model = temp.path('model')
    temp.write('model/config.json', readFileSync(join(golden.model, 'config.json'), 'utf8'))
    const path = temp.write('a.prune.yaml', recipe(model, golden.data).replace('0.5', '5'))
    const rules = async () => (await lintJson(path)).map((f) => f.rule)
    assert.ok((await rules()).includes('C1') && (await rules()).includes('N6'), (await rules()).join())
    temp.write('model/model.safetensors', 'version https://git-lfs.github.com/spec/v1\n')
    assert.ok((await rules()).includes('C7'), (await rules()).join())
    temp.write('model/model.safetensors', new Uint8Array(64).fill(1))
    assert.ok((await rules()).includes('C3'), (await rules()).join())
  })

  it('schema prints the JSON Schema', async () => {
    assert.deepEqual(JSON.parse((await cli('schema')).stdout), JSON.parse(JSON.stringify(recipeJsonSchema())))
  })
})
