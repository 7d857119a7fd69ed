// The sparse-bitmask layout: read as if it were dense, made dense byte for byte, and refused where its counts do not agree.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openInspection, openCheckpoint, type Checkpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { compareCheckpoints } from '../../../../src/engine/checkpoint/stats/compareCheckpoints.ts'
import { openCpu, type CpuBackend } from '../../../../src/engine/compute/cpu/open.ts'
import { expandCheckpoint } from '../../../../src/engine/convert/expand.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import { writeBitmaskFolder } from '../../../support/bitmaskFolder.ts'
import { smallGpt2, smallLlama, smallOpt } from '../../../support/memoryCheckpoint.ts'
import { run } from '../../../support/runs.ts'
import { safetensors, type TestTensor } from '../../../support/safetensors.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'
import { writeTinyModel } from '../../../support/tinyModel.ts'

const large = { maxShardBytes: 5e9 }
const families = { OPT: smallOpt, LLaMA: smallLlama, 'GPT-2, stored [in, out]': smallGpt2 }

describe('bitmask checkpoints', () => {
  let work: Scratch
  let cpu: CpuBackend
  before(async () => void (cpu = await openCpu({ threads: 1 })))
  after(() => cpu.close())
  beforeEach(() => void (work = scratch()))

  /** Prunes the tiny model into `to`. */
  async function pruned(to: string, save: object = {}, rest: object = {}) {
    const recipe = {
      version: 1,
      model: 'model',
      prune: [{ method: 'magnitude', sparsity: 0.5, ignore: ['re:.*(fc2|down_proj|c_proj)'] }],
      save: { to, ...save },
      ...rest,
    }
    return run(cpu, { recipe: work.recipe(to, recipe) })
  }

  const opened: Checkpoint[] = []
  const open = async (name: string) => {
    const checkpoint = await openCheckpoint(work.path(name))
    opened.push(checkpoint)
    return checkpoint
  }
  afterEach(async () => void (await Promise.all(opened.splice(0).map((one) => one.close()))))

  for (const [family, config] of Object.entries(families))
    for (const max_shard of ['5GB', '4kB'])
      it(`come back byte for byte: ${family}, shards of ${max_shard}`, async () => {
        await writeTinyModel(work.path('model'), config)
        await pruned('dense', { max_shard })
        await writeBitmaskFolder(work.path('dense'), work.path('bits'))
        const maxShardBytes = max_shard === '5GB' ? 5e9 : 4000
        const { linears } = await expandCheckpoint(work.path('bits'), work.path('back'), { maxShardBytes })
        assert.ok(linears > 0)
        const files = (await open('dense')).files.map(({ name }) => name)
        assert.ok(max_shard === '5GB' || files.length > 1)
        for (const name of [...files, 'config.json', 'sparsescope.mask'])
          assert.ok(readFileSync(work.path('back', name)).equals(readFileSync(work.path('dense', name))), name)
      })

  it('read as dense ones do, any range, and hold the same masks', async () => {
    await writeTinyModel(work.path('model'), smallGpt2)
    await pruned('dense')
    await writeBitmaskFolder(work.path('dense'), work.path('bits'))
    const [dense, bits] = [await open('dense'), await open('bits')]
    assert.deepEqual([...bits.tensors.keys()], [...dense.tensors.keys()])
    const rng = createRng(1, 'ranges')
    for (const { name, bytes } of dense.tensors.values()) {
      const whole = await dense.read(name)
      assert.deepEqual(await bits.read(name), whole)
      for (let i = 0; i < 20; i++) {
        const start = rng.below(bytes)
        const end = start + rng.below(bytes - start + 1)
        assert.deepEqual(await bits.readRange(name, start, end), whole.subarray(start, end))
      }
    }
    const { same, maskPreserved, changed } = await compareCheckpoints(bits, dense)
    assert.deepEqual([same, maskPreserved, changed], [dense.tensors.size, true, []])
  })

  it('can be trained on under their masks: the same result as from the dense folder', async () => {
    await writeTinyModel(work.path('model'), smallOpt)
    await pruned('dense')
    await writeBitmaskFolder(work.path('dense'), work.path('bits'))
    const ids = Int32Array.from({ length: 64 }, (_, i) => (i * 7) % 20)
    const data = { dtype: 'I32', shape: [4, 16], data: new Uint8Array(ids.buffer) }
    writeFileSync(work.path('ids.safetensors'), safetensors({ ids: data }))
    for (const from of ['dense', 'bits']) {
      const recover = { mode: 'retrain', train: ['bias', 'mask_lora'], steps: 3, lr: 0.01, data: 'ids.safetensors' }
      const recipe = { version: 1, model: from, recover, save: { to: `${from}-trained` } }
      await run(cpu, { recipe: work.recipe(`${from}-trained`, recipe) })
    }
    for (const name of ['model.safetensors', 'config.json', 'sparsescope.mask'])
      assert.ok(
        readFileSync(work.path('dense-trained', name)).equals(readFileSync(work.path('bits-trained', name))),
        name,
      )
  })

  it('refuse to be expanded when they are dense, and into a folder that exists', async () => {
    await writeTinyModel(work.path('model'))
    await assert.rejects(expandCheckpoint(work.path('model'), work.path('out'), large), {
      code: 'usage',
      message: /dense already/,
    })
    await pruned('dense')
    await writeBitmaskFolder(work.path('dense'), work.path('bits'))
    mkdirSync(work.path('out'))
    await assert.rejects(expandCheckpoint(work.path('bits'), work.path('out'), large), { code: 'exists' })
  })
})

describe('the bitmask layout', () => {
  let work: Scratch
  beforeEach(() => void (work = scratch()))

  const numbers = (...values: number[]): Uint8Array => new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
  const f32 = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)
  /** [[1, 0, …], [0, 0, 2 (column 9)]] of 2 × 10; a kept 0 in column 3 of row 0. */
  const good = (): Record<string, TestTensor> => ({
    'm.compressed': { dtype: 'F32', shape: [3], data: f32(1, 0, 2) },
    'm.bitmask': { dtype: 'U8', shape: [2, 2], data: Uint8Array.of(0b1001, 0, 0, 0b10) },
    'm.shape': { dtype: 'I64', shape: [2], data: numbers(2, 10) },
    'm.row_offsets': { dtype: 'I64', shape: [2], data: numbers(0, 2) },
  })
  const write = (tensors: Record<string, TestTensor>) => {
    const path = work.path('m.safetensors')
    writeFileSync(path, safetensors(tensors))
    return path
  }
  async function read(tensors: Record<string, TestTensor>) {
    const checkpoint = await openCheckpoint(write(tensors))
    try {
      return new Float32Array((await checkpoint.read('m.weight')).buffer)
    } finally {
      await checkpoint.close()
    }
  }

  it('is bit c % 8 of byte c >> 3, values row after row', async () => {
    const expected = new Float32Array(20)
    expected[0] = 1
    expected[19] = 2
    assert.deepEqual(await read(good()), expected)
  })

  it('leaves a buffer alone that is only called so', async () => {
    const checkpoint = await openCheckpoint(write({ 'm.bitmask': good()['m.bitmask'] }))
    assert.deepEqual([...checkpoint.tensors.keys()], ['m.bitmask'])
    await checkpoint.close()
  })

  const hostile: [string, (tensors: Record<string, TestTensor>) => void, RegExp][] = [
    ['a part that is missing', (t) => delete t['m.row_offsets'], /has no "m.row_offsets"/],
    ['a weight beside it', (t) => void (t['m.weight'] = t['m.compressed']), /is stored together with "m.weight"/],
    [
      'a shape of three',
      (t) => void (t['m.shape'] = { dtype: 'I64', shape: [3], data: numbers(2, 5, 2) }),
      /two numbers/,
    ],
    ['a negative shape', (t) => void (t['m.shape'].data = numbers(-2, 10)), /shape -2 × 10/],
    ['a row that no model has', (t) => void (t['m.shape'].data = numbers(1, 2 ** 30)), /shape 1 × 1073741824/],
    ['a huge shape', (t) => void (t['m.shape'].data = numbers(2 ** 52, 2 ** 52)), /shape/],
    ['a shape of other bits', (t) => void (t['m.shape'].data = numbers(2, 20)), /need U8 \[2, 3\]/],
    ['more rows than bits', (t) => void (t['m.shape'].data = numbers(3, 10)), /need U8 \[3, 2\]/],
    ['bits of another type', (t) => void (t['m.bitmask'].dtype = 'I8'), /as I8/],
    [
      'more values than weights',
      (t) => void (t['m.compressed'] = { dtype: 'F32', shape: [21], data: new Uint8Array(84) }),
      /\[21\] values/,
    ],
    [
      'fewer values than bits',
      (t) => void (t['m.compressed'] = { dtype: 'F32', shape: [2], data: f32(1, 2) }),
      /row 1 .*by its bits/,
    ],
    [
      'more values than bits',
      (t) => void (t['m.compressed'] = { dtype: 'F32', shape: [4], data: f32(1, 2, 3, 4) }),
      /row 1 .*by its bits/,
    ],
    ['an offset too large', (t) => void (t['m.row_offsets'].data = numbers(0, 3)), /row 0 .*by its bits/],
    [
      'an offset beyond all numbers',
      (t) => void (t['m.row_offsets'].data = numbers(0, 2 ** 62)),
      /row 0 .*by its bits/,
    ],
    ['a negative offset', (t) => void (t['m.row_offsets'].data = numbers(-1, 1)), /row 0 .*by its bits/],
    ['offsets that do not begin at 0', (t) => void (t['m.row_offsets'].data = numbers(1, 3)), /row 0 .*by its bits/],
    [
      'bits behind the last column',
      (t) => void (t['m.bitmask'].data = Uint8Array.of(0b1, 0b100, 0, 0b10)),
      /columns as kept that it does not have/,
    ],
  ]
  for (const [what, change, message] of hostile)
    it(`refuses ${what}`, async () => {
      const tensors = good()
      change(tensors)
      await assert.rejects(read(tensors), { code: 'bad-checkpoint', message })
    })

  it('is listed part by part, with the reason, where it does not fit together', async () => {
    const tensors = good()
    delete tensors['m.row_offsets']
    const { checkpoint, problems } = await openInspection(write(tensors))
    assert.deepEqual([...checkpoint.tensors.keys()], ['m.compressed', 'm.bitmask', 'm.shape'])
    assert.match(problems[0].error.message, /m.safetensors: the bitmask of "m" has no/)
    await checkpoint.close()
  })

  it('is read where its parts are in several files', async () => {
    const folder = work.path('shards')
    mkdirSync(folder)
    const names = Object.keys(good())
    const file = (i: number) => `model-0000${i + 1}-of-00004.safetensors`
    names.forEach((name, i) => writeFileSync(join(folder, file(i)), safetensors({ [name]: good()[name] })))
    const weight_map = Object.fromEntries(names.map((name, i) => [name, file(i)]))
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }))
    const checkpoint = await openCheckpoint(folder)
    const values = new Float32Array((await checkpoint.read('m.weight')).buffer)
    await checkpoint.close()
    assert.deepEqual(values, await read(good()))
  })
})
