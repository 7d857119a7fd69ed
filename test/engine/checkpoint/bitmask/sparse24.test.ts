// The sparse-24-bitmask layout of compressed-tensors, as the library wrote it: read as if it were dense, and refused where
// its parts do not agree. test/fixtures/sparse24/make.py makes the files.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { openCpu } from '../../../../src/engine/compute/cpu/open.ts'
import { expandCheckpoint } from '../../../../src/engine/convert/expand.ts'
import { smallLlama } from '../../../support/memoryCheckpoint.ts'
import { run } from '../../../support/runs.ts'
import { f32, safetensors, type TestTensor } from '../../../support/safetensors.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'
import { writeTinyModel } from '../../../support/tinyModel.ts'

const fixture = (name: string) => join(import.meta.dirname, '../../../fixtures/sparse24', `${name}.safetensors`)

describe('the bitmask layout for 2:4', () => {
  let work: Scratch
  beforeEach(() => void (work = scratch()))

  const tensorsOf = async (path: string): Promise<Record<string, TestTensor>> => {
    const checkpoint = await openCheckpoint(path)
    try {
      const tensors: Record<string, TestTensor> = {}
      for (const { name, dtype, shape } of checkpoint.tensors.values())
        tensors[name] = { dtype, shape: [...shape], data: await checkpoint.read(name) }
      return tensors
    } finally {
      await checkpoint.close()
    }
  }

  it('is what the library made it from, in any range', async () => {
    const expected = await tensorsOf(fixture('dense'))
    const packed = await openCheckpoint(fixture('compressed'))
    assert.deepEqual([...packed.tensors.keys()].sort(), Object.keys(expected).sort())
    for (const { name, dtype, shape, bytes } of packed.tensors.values()) {
      const { data, ...rest } = expected[name]
      assert.deepEqual({ dtype, shape }, rest)
      for (const start of [0, 1, 50, bytes - 3])
        assert.deepEqual(await packed.readRange(name, start, bytes), new Uint8Array(data.slice(start)))
    }
    await packed.close()
  })

  it('of a whole model opens, is pruned no further than it is, and is made dense again', async () => {
    await writeTinyModel(work.path('model'), smallLlama)
    const prune = [{ method: 'magnitude', pattern: '2:4' }]
    const recipe = (to: string, model: string) => work.recipe(to, { version: 1, model, prune, save: { to } })
    const cpu = await openCpu({ threads: 1 })
    await run(cpu, { recipe: recipe('dense', 'model') })
    const dense = await tensorsOf(work.path('dense'))
    mkdirSync(work.path('packed'))
    writeFileSync(work.path('packed/model.safetensors'), safetensors(pack(dense), { format: 'pt' }))
    const config = JSON.parse(readFileSync(work.path('dense/config.json'), 'utf8')) as object
    const sparsity_config = { format: 'sparse-24-bitmask', sparsity_structure: '2:4', targets: ['Linear'] }
    const quantization_config = { quant_method: 'compressed-tensors', format: 'dense', sparsity_config }
    writeFileSync(work.path('packed/config.json'), JSON.stringify({ ...config, quantization_config }))
    const { linears } = await expandCheckpoint(work.path('packed'), work.path('expanded'), { maxShardBytes: 5e9 })
    assert.equal(linears, 21)
    await run(cpu, { recipe: recipe('again', 'packed') })
    cpu.close()
    for (const made of ['expanded', 'again']) assert.deepEqual(await tensorsOf(work.path(made)), dense)
    const saved = JSON.parse(readFileSync(work.path('expanded/config.json'), 'utf8')) as object
    assert.deepEqual(saved, config)
  })

  const hostile: [string, (tensors: Record<string, TestTensor>) => void, RegExp][] = [
    [
      'a row that keeps more than two of four',
      (t) => void (t['odd.bitmask'].data[2] |= 0xf),
      /row 1 of odd\.weight keeps \d weights by its bits, which does not match its values/,
    ],
    [
      'a row of the right number, three in one group and one in the next',
      (t) => {
        const { data } = t['odd.bitmask']
        data[2] = 0b0001_0111
        data[3] = 0b0011
      },
      /row 1 of odd\.weight does not keep exactly two of the weights 0 to 3/,
    ],
    ['values of another width', (t) => void (t['odd.compressed'].shape = [6, 7]), /has \[6, 7\] values for 7 × 12/],
    [
      'columns that are no groups of four',
      (t) => void (new BigInt64Array(t['odd.shape'].data.buffer)[1] = 14n),
      /has \[7, 6\] values for 7 × 14/,
    ],
    ['a shape that is missing', (t) => delete t['odd.shape'], /has no "odd.shape"/],
  ]
  for (const [what, change, message] of hostile)
    it(`refuses ${what}`, async () => {
      const tensors = partsOf(fixture('compressed'))
      change(tensors)
      writeFileSync(work.path('m.safetensors'), safetensors(tensors))
      await assert.rejects(tensorsOf(work.path('m.safetensors')), { code: 'bad-checkpoint', message })
    })
})

/** The tensors of a file as they stand in it. */
function partsOf(path: string): Record<string, TestTensor> {
  const bytes = readFileSync(path)
  const headerEnd = 8 + Number(bytes.readBigUInt64LE())
  type Entry = Omit<TestTensor, 'data'> & { data_offsets: [number, number] }
  const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as Record<string, Entry>
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [start, end],
        },
      ]) => [name, { dtype, shape, data: Uint8Array.from(bytes.subarray(headerEnd + start, headerEnd + end)) }],
    ),
  )
}

/** The linears of blocks as the library stores 2:4, by its rules: two of each four, of the largest size. */
function pack(dense: Record<string, TestTensor>): Record<string, TestTensor> {
  const packed: Record<string, TestTensor> = {}
  for (const [name, tensor] of Object.entries(dense)) {
    const [rows, columns] = tensor.shape
    if (!/_proj\.weight$/.test(name)) {
      packed[name] = tensor
      continue
    }
    const weights = new Float32Array(tensor.data.buffer)
    const perRow = Math.ceil(columns / 8)
    const bits = new Uint8Array(rows * perRow)
    const values: number[] = []
    for (let i = 0; i < weights.length; i += 4) {
      const order = [0, 1, 2, 3].sort((a, b) => Math.abs(weights[i + b]) - Math.abs(weights[i + a]))
      for (const at of order.slice(0, 2).sort()) {
        const [row, column] = [Math.floor(i / columns), (i % columns) + at]
        bits[row * perRow + (column >> 3)] |= 1 << (column % 8)
        values.push(weights[i + at])
      }
    }
    const base = name.slice(0, -'.weight'.length)
    const shape = new Uint8Array(BigInt64Array.of(BigInt(rows), BigInt(columns)).buffer)
    packed[`${base}.shape`] = { dtype: 'I64', shape: [2, 1], data: shape }
    packed[`${base}.compressed`] = f32([rows, columns / 2], values)
    packed[`${base}.bitmask`] = { dtype: 'U8', shape: [rows, perRow], data: bits }
  }
  return packed
}
