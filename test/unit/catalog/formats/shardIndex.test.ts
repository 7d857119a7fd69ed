import assert from 'node:assert/strict'
import { FormatError } from '../../../../src/errors.ts'
import { safetensors as format, torch } from '../../../../src/catalog/formats/checkpointFormats.ts'
import { parseShardIndex as parse } from '../../../../src/catalog/formats/shardIndex.ts'

const parseShardIndex = (text: string) => parse(text, format)
const index = (weightMap: unknown) => JSON.stringify({ metadata: { total_size: 4 }, weight_map: weightMap })

describe('parseShardIndex', () => {
  it('lists each shard once, in the order of their numbers', () => {
    const { shards, weightMap } = parseShardIndex(
      index({ b: 'm-2.safetensors', a: 'm-1.safetensors', c: 'm-2.safetensors' }),
    )
    assert.deepEqual(shards, ['m-1.safetensors', 'm-2.safetensors'])
    assert.equal(weightMap.get('c'), 'm-2.safetensors')
  })

  const outside = [
    '../x.safetensors',
    'a/../../x.safetensors',
    '/etc/x.safetensors',
    '\\\\host\\x.safetensors',
    'C:x.safetensors',
    'a\\b.safetensors',
    './x.safetensors',
    'a//x.safetensors',
    'x\0.safetensors',
    '',
  ]
  for (const shard of outside) {
    it(`refuses the shard name ${JSON.stringify(shard)}`, () => {
      assert.throws(() => parseShardIndex(index({ a: shard })), FormatError)
    })
  }

  it('shards are of the format of their index', () => {
    const bin = index({ a: 'pytorch_model-00001-of-00002.bin' })
    assert.deepEqual(parse(bin, torch).shards, ['pytorch_model-00001-of-00002.bin'])
    assert.throws(() => parseShardIndex(bin), /not a \.safetensors file/)
    assert.throws(() => parse(index({ a: 'model.safetensors' }), torch), /not a \.bin file/)
    assert.throws(() => parse(index({ a: '../x.bin' }), torch), /outside/)
    for (const other of ['x.bin.index.json', 'x.json', 'x.gguf']) assert.throws(() => parse(index({ a: other }), torch))
  })
  it('refuses an index without tensors, and one whose map is no map', () => {
    assert.throws(() => parseShardIndex(index({})), /is empty/)
    assert.throws(() => parseShardIndex(index(['x.safetensors'])), /not a JSON object/)
    assert.throws(() => parseShardIndex(index({ a: 1 })), /not a file name/)
    assert.throws(() => parseShardIndex('[]'), /not a JSON object/)
  })
  it('says of other JSON that it is no checkpoint, and what to give', () => {
    assert.throws(() => parseShardIndex('{"model_type": "opt"}'), /not a checkpoint: .*; give the folder of a model/)
  })
  it('refuses a tensor that is named twice', () => {
    assert.throws(() => parseShardIndex('{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}'), /twice/)
  })
})
