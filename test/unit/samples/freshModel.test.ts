import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { bf16ToF32 } from '../../../src/engine/dtype.ts'
import { freshWeights, llamaConfig, optConfig } from '../../../samples/make/freshModel.ts'

const sample = (path: string) => readFileSync(new URL(`../../../samples/${path}`, import.meta.url))

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>

function parse(file: Buffer): { header: Header; data: Buffer } {
  const length = Number(file.readBigUInt64LE(0))
  const { __metadata__: _, ...header } = JSON.parse(file.subarray(8, 8 + length).toString()) as Header
  return { header, data: file.subarray(8 + length) }
}

const shapes = ({ header }: { header: Header }) =>
  Object.fromEntries(Object.entries(header).map(([name, { dtype, shape }]) => [name, `${dtype} ${shape.join('×')}`]))

describe('a fresh sample model', () => {
  const configs = { opt: optConfig, llama: llamaConfig }
  for (const kind of ['opt', 'llama'] as const)
    it(`${kind}: what ships has the configuration and the tensors that the script makes`, () => {
      assert.deepEqual(JSON.parse(sample(`${kind}/config.json`).toString()), configs[kind])
      assert.deepEqual(shapes(parse(freshWeights(kind, 1))), shapes(parse(sample(`${kind}/model.safetensors`))))
    })

  it('has the same bytes for the same seed only', () => {
    assert.ok(freshWeights('llama', 1).equals(freshWeights('llama', 1)))
    assert.ok(!freshWeights('llama', 1).equals(freshWeights('llama', 2)))
  })

  const valuesOf = (kind: 'opt' | 'llama') => {
    const { header, data } = parse(freshWeights(kind, 1))
    const values = (name: string) => {
      const [start, end] = header[name].data_offsets
      return Array.from({ length: (end - start) / 2 }, (_, i) => bf16ToF32(data.readUInt16LE(start + 2 * i)))
    }
    return { names: Object.keys(header), values }
  }

  it('starts every LayerNorm of the OPT style with one outlier channel, and biases with zero', () => {
    const { names, values } = valuesOf('opt')
    const biases = names.filter((name) => name.endsWith('.bias'))
    assert.ok(biases.length > 0)
    for (const name of biases) {
      const large = values(name).filter((value) => value !== 0)
      assert.deepEqual(large, name.includes('layers') && name.includes('layer_norm') ? [20] : [], name)
    }
  })

  it('starts every embedding of the LLaMA style with one outlier channel, which the last norm closes', () => {
    const { names, values } = valuesOf('llama')
    const embeddings = values('model.embed_tokens.weight')
    const outliers = embeddings.flatMap((value, i) => (Math.abs(value) > 2 ? [[i % 128, value]] : []))
    assert.equal(outliers.length, 2048)
    assert.deepEqual(new Set(outliers.map(String)), new Set(['7,40']))
    const norms = names.filter((name) => name.includes('norm'))
    assert.equal(norms.length, 21)
    for (const name of norms) {
      const others = values(name).flatMap((value, i) => (value === 1 ? [] : [[i, value]]))
      assert.deepEqual(others, name === 'model.norm.weight' ? [[7, 0]] : [], name)
    }
  })
})
