import assert from 'node:assert/strict'
import { openInspection, openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { wholeOf, type Inspection } from '../../../src/engine/checkpoint/inspection.ts'
import { scanTensors } from '../../../src/engine/checkpoint/stats/scanTensors.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

const a = f32([2, 2], [1, 0, 3, 4])
const b = f32([3], [5, 6, 7])
const future = { dtype: 'NVFP4_2031', shape: [4, 4], data: new Uint8Array(9) }

describe('openInspection', () => {
  let temp: Scratch
  let open: Inspection | null
  beforeEach(() => {
    temp = scratch()
    open = null
  })
  afterEach(async () => {
    await open?.checkpoint.close()
  })
  const index = (weightMap: Record<string, string>) =>
    temp.write('model.safetensors.index.json', JSON.stringify({ weight_map: weightMap }))
  const inspect = async () => (open = await openInspection(temp.folder))
  const refused = async () =>
    assert.rejects(
      openCheckpoint(temp.folder),
      (error) => error instanceof EngineError && error.code === 'bad-checkpoint',
    )

  it('opens what is there when a shard is missing and names the rest; a run refuses', async () => {
    temp.write('1.safetensors', safetensors({ a }))
    index({ a: '1.safetensors', b: '2.safetensors', c: '2.safetensors' })
    const { checkpoint, problems, sources } = await inspect()
    assert.deepEqual([...checkpoint.tensors.keys()], ['a'])
    assert.deepEqual(new Float32Array((await checkpoint.read('a')).buffer), Float32Array.of(1, 0, 3, 4))
    assert.deepEqual(
      problems.map(({ tensors }) => tensors),
      [['b', 'c']],
    )
    assert.match(problems[0].error.message, /2\.safetensors is missing.*download/)
    assert.ok(sources.includes(temp.path('2.safetensors')), 'it is seen when the shard comes')
    await refused()
    assert.throws(() => wholeOf({ checkpoint, problems, unknown: [], sources }), problems[0].error)
  })

  it('lists a tensor of an unknown type beside the others; a run refuses', async () => {
    temp.write('model.safetensors', safetensors({ a, future, b }))
    const { checkpoint, unknown, problems } = await inspect()
    assert.deepEqual([[...checkpoint.tensors.keys()], problems], [['a', 'b'], []])
    const { dtype, shape } = future
    assert.deepEqual(unknown, [{ name: 'future', dtype, shape, file: 'model.safetensors', bytes: 9 }])
    assert.deepEqual(new Float32Array((await checkpoint.read('b')).buffer), Float32Array.of(5, 6, 7))
    await refused()
  })

  it('reads the other shards when one is damaged, config.json is malformed, and the index disagrees', async () => {
    temp.write('1.safetensors', safetensors({ a }))
    temp.write('2.safetensors', safetensors({ b }).subarray(0, 40))
    temp.write('config.json', '{')
    index({ gone: '1.safetensors', a: '1.safetensors', b: '2.safetensors' })
    const { checkpoint, problems } = await inspect()
    assert.deepEqual([...checkpoint.tensors.keys()], ['a'])
    assert.deepEqual(
      problems.map(({ path }) => path.slice(temp.folder.length + 1)),
      ['config.json', '2.safetensors', 'model.safetensors.index.json'],
    )
    await refused()
  })

  it('refuses when nothing can be opened', async () => {
    index({ a: '1.safetensors', b: '2.safetensors' })
    await assert.rejects(openInspection(temp.folder), /1\.safetensors is missing/)
    temp.write('model.safetensors', safetensors({ a }).subarray(0, 30))
    await assert.rejects(openInspection(temp.folder), /cut off/)
  })

  it('is scanned on threads as on one', async () => {
    temp.write('1.safetensors', safetensors({ a, b }))
    index({ a: '1.safetensors', b: '1.safetensors', c: '2.safetensors' })
    const { checkpoint } = await inspect()
    const zeros = new Map<string, number | undefined>()
    const items = ['a', 'b'].map((name) => ({ name, nm: [], transposed: false }))
    await scanTensors(checkpoint, items, { threads: 2, onStats: (name, stats) => zeros.set(name, stats?.zeros) })
    assert.deepEqual([zeros.get('a'), zeros.get('b')], [1, 0])
  })
})
