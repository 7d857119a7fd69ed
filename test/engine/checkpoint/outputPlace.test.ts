// An output never touches the model, whichever way its path is written.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { overlapOnDisk } from '../../../src/engine/checkpoint/outputPlace.ts'
import { createWriter } from '../../../src/engine/checkpoint/writer.ts'
import { cli } from '../../support/cli.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

describe('the place of an output', () => {
  let temp: Scratch
  beforeEach(() => {
    temp = scratch()
    cpSync(goldenPath('opt'), temp.path('models', 'opt'), { recursive: true })
    symlinkSync(temp.path('models'), temp.path('link'))
  })

  it('is recognised as the model, inside it or around it, through links and detours, also where parts are missing', async () => {
    const model = temp.path('link', 'opt')
    for (const [to, overlap] of [
      ['models/opt', 'same'],
      ['models/opt/new/deep', 'inside'],
      ['link/opt/out', 'inside'],
      ['link/nowhere/../opt/out', 'inside'],
      ['models', 'around'],
      ['models/opt-out', null],
      ['out', null],
    ] as const)
      assert.equal(await overlapOnDisk(temp.path(to), model), overlap, to)
  })

  it('is refused by the writer before anything is made', async () => {
    const source = await openCheckpoint(temp.path('link', 'opt'))
    const before = readdirSync(temp.path('models', 'opt'))
    const to = temp.path('models', 'opt', 'out')
    await assert.rejects(createWriter(source, to, { maxShardBytes: 1e9 }), {
      code: 'usage',
      message: /inside the folder/,
    })
    await source.close()
    assert.deepEqual(readdirSync(temp.path('models', 'opt')), before)
  })

  it('is refused with 2 by sparsescope prune, and nothing is made in the model', async () => {
    const before = readdirSync(temp.path('models', 'opt'))
    const options = ['--method', 'magnitude', '--sparsity', '0.5', '--device', 'cpu']
    for (const out of [temp.path('link', 'opt', 'a', 'out'), temp.path('models', 'opt')]) {
      const { status, stderr } = await cli('prune', temp.path('models', 'opt'), ...options, '--out', out)
      assert.equal(status, 2)
      assert.match(stderr, /the folder of the model/)
    }
    assert.deepEqual(readdirSync(temp.path('models', 'opt')), before)
  })

  it('is refused by an evaluation in the model, in what is saved and in a file', async () => {
    const model = temp.path('models', 'opt')
    temp.write('rows.jsonl', '')
    const at = { task: 'piqa', data: './rows.jsonl', at: ['pruned'] }
    for (const out of ['models/opt/eval', 'link/opt', 'result', 'result/eval', 'rows.jsonl']) {
      const recipe = {
        version: 1,
        model,
        prune: [{ method: 'magnitude', sparsity: 0.5 }],
        evaluate: [{ ...at, out }],
        save: { to: './result' },
      }
      const path = temp.write('run.prune.yaml', JSON.stringify(recipe))
      const { status, stderr } = await cli('run', path, '--device', 'cpu')
      assert.equal(status, 2, out)
      assert.match(stderr, /cannot write|would (lie|be) in/, out)
    }
    const { status, stderr } = await cli(
      'evaluate',
      model,
      '--task',
      'piqa',
      '--data',
      'x',
      '--out',
      temp.path('link/opt'),
    )
    assert.equal(status, 2)
    assert.match(stderr, /cannot write into .*: it belongs to the model, which is never changed/)
  })

  it('is refused where it is a link, and nothing is written through it', async () => {
    mkdirSync(temp.path('other'))
    symlinkSync(temp.path('other'), temp.path('out'))
    const source = await openCheckpoint(temp.path('models', 'opt'))
    await assert.rejects(createWriter(source, temp.path('out'), { maxShardBytes: 1e9 }), { code: 'exists' })
    await source.close()
    assert.deepEqual(readdirSync(temp.path('other')), [])
  })
})
