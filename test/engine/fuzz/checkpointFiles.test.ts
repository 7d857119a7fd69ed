import assert from 'node:assert/strict'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { writeMaskFile } from '../../../src/engine/checkpoint/maskFile.ts'
import { modelFacts } from '../../../src/engine/facts/modelFacts.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { createWordEncoder } from '../../../src/engine/text/wordEncoder.ts'
import { readFileSync } from 'node:fs'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { holds, patience } from '../../support/fuzz.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { readMaskFile, storedMasks } from '../../support/storedMasks.ts'

const opt = {
  model_type: 'opt',
  hidden_size: 8,
  ffn_dim: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  vocab_size: 11,
  max_position_embeddings: 16,
  word_embed_proj_dim: 8,
  do_layer_norm_before: true,
  activation_function: 'relu',
}
const llama = {
  model_type: 'llama',
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  vocab_size: 11,
  max_position_embeddings: 16,
  rms_norm_eps: 1e-5,
  rope_theta: 1e4,
  rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
  hidden_act: 'silu',
}

describe('a value or a sentence comes out of every mutant', function () {
  this.timeout(patience)
  let temp: Scratch
  before(() => (temp = scratch()))

  const tensors = { 'a.weight': f32([2, 2], [1, 0, 0, 1]), 'layers.0.b': f32([3], [1, 2, 3]) }
  const opened = async (path: string) => (await openCheckpoint(path)).close()

  it('of the header of a weight file', () =>
    holds([safetensors(tensors), safetensors(tensors, { format: 'pt' })], (bytes) =>
      opened(temp.write('header/x.safetensors', bytes)),
    ))

  it('of the index of shards', async () => {
    temp.write('index/model-00001-of-00001.safetensors', safetensors(tensors))
    const map = Object.fromEntries(Object.keys(tensors).map((name) => [name, 'model-00001-of-00001.safetensors']))
    const index = JSON.stringify({ metadata: { total_size: 28 }, weight_map: map })
    await holds([index], (bytes) => {
      temp.write('index/model.safetensors.index.json', bytes)
      return opened(temp.path('index'))
    })
  })

  it('of config.json, also for lint, which never throws', async () => {
    temp.write('config/model.safetensors', safetensors(tensors))
    await holds([JSON.stringify(opt), JSON.stringify(llama)], async (bytes) => {
      temp.write('config/config.json', bytes)
      await modelFacts(temp.path('config'))
      const checkpoint = await openCheckpoint(temp.path('config'))
      try {
        openModel(checkpoint)
      } finally {
        await checkpoint.close()
      }
    })
  })

  it('of tokenizer.json', () =>
    holds(
      [JSON.stringify(byteTokenizer())],
      (bytes) => {
        const files = { path: 'tokenizer.json', tokenizer: bytes.toString('utf8'), config: null }
        createWordEncoder(files).encode('the <s> text in\n12', true)
      },
      150,
    ))

  it('of the mask file', async () => {
    const mask = { rows: 2, columns: 40, words: Uint32Array.of(1, 2, 3, 4) }
    await writeMaskFile(temp.path('mask'), storedMasks([['a.weight', mask]]))
    const seed = readFileSync(temp.path('mask'))
    assert.equal((await readMaskFile(temp.path('mask'))).size, 1)
    await holds([seed], (bytes) => readMaskFile(temp.write('mask', bytes)))
  })
})
