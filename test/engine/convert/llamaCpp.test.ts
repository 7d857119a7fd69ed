// GGUF files run by llama.cpp itself: the same ids of a prompt, the same most likely tokens after it, the same perplexity.
import { smallLlama } from '../../support/memoryCheckpoint.ts'
import assert from 'node:assert/strict'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readF32Tensor } from '../../../src/engine/checkpoint/createCheckpoint.ts'
import { f32ToBf16 } from '../../../src/engine/dtype.ts'
import type { GgufTypeName } from '../../../src/catalog/formats/gguf/ggmlTypes.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { alike, driftOf, inLlamaCpp, ofCheckpoint } from '../../support/besideLlamaCpp.ts'
import { goldenModel } from '../../support/goldens.ts'
import { llamaCpp, withTokenizer } from '../../support/llamaCpp.ts'
import { safetensors, type TestTensor } from '../../support/safetensors.ts'
import { scratch } from '../../support/scratch.ts'
import { sentencePiece } from '../../support/sentencePiece.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'
import { cannot } from '../../support/skip.ts'

/** Tiny models with changes of config.json where llama.cpp takes for granted what they have otherwise. */
const models: Record<string, Record<string, unknown>> = {
  llama: {},
  llama_bf16_sharded: {},
  llama_biases_tied: {},
  llama_rope_linear: { hidden_act: 'silu' },
  llama_rope_llama3: {},
  llama_rope_yarn: {},
  mistral: { sliding_window: null },
  mistral_head_dim: { hidden_act: 'silu' },
  qwen2: {},
  qwen3: {},
  gemma: {},
  gemma2: { query_pre_attn_scalar: 8, attn_logit_softcapping: 50, final_logit_softcapping: 30 },
  gemma3: { query_pre_attn_scalar: 8, sliding_window_pattern: 6, layer_types: undefined },
  phi3: { sliding_window: null },
  // llama.cpp's contexts have 256 tokens or more, and it takes the factors of long texts beyond the original positions.
  phi3_longrope_short: { sliding_window: null, original_max_position_embeddings: 1024, max_position_embeddings: 2048 },
  gpt2: {},
  gpt_neox: {},
  neox_all_rotary: {},
}

/** All their bytes are among the first 47 ids, which the smallest of the vocabularies has. */
const prompts = ['!', '"#$', '%&', "'()", '*+', ',-.', '. .', '##', '$ $', '(&)']
const rows = Array.from({ length: 40 }, (_, r) => Array.from({ length: 24 }, (_, i) => (7 * i * i + 5 * r + 3) % 47))
const tokens = 8

describe('llama.cpp', function () {
  this.timeout(600_000)
  const installed = llamaCpp()
  const temp = scratch()
  let cpu: Backend
  before(async function () {
    if ('why' in installed) cannot(this, installed.why)
    cpu = await openCpu({ threads: 1 })
  })
  after(async () => {
    await cpu?.close()
  })

  for (const [name, changes] of Object.entries(models))
    it(`computes what we compute: ${name}`, async () => {
      if ('why' in installed) return
      // llama.cpp looks for tokens that tiny vocabularies lack where a model's name is that of Phi-3.
      const folder = temp.path(name.replace('phi3', 'tiny'))
      withTokenizer(goldenModel(name), folder, changes)
      await agree(folder)
    })

  it('computes what we compute: a GPT-NeoX whose head is the embedding, which llama.cpp wants written once more', async () => {
    const source = temp.path('neox source')
    await writeTinyModel(source, {
      model_type: 'gpt_neox',
      vocab_size: 48,
      hidden_size: 24,
      intermediate_size: 32,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      max_position_embeddings: 32,
      rotary_pct: 0.5,
      tie_word_embeddings: true,
    })
    withTokenizer(source, temp.path('neox tied'))
    await agree(temp.path('neox tied'))
  })

  // It rounds the inputs of products to bf16 there, which decides between tokens that are as likely.
  for (const [name, changes] of Object.entries(models))
    it(`computes what we compute, in bf16: ${name}`, async () => {
      if ('why' in installed) return
      const folder = temp.path(`${name.replace('phi3', 'tiny')} bf16`)
      withTokenizer(goldenModel(name), folder, changes)
      await roundToBf16(folder)
      await agree(folder, undefined, 0.03)
    })

  /** `tie`: as `alike` has it. */
  async function agree(folder: string, type: GgufTypeName | undefined = 'f32', tie = 0): Promise<void> {
    if ('why' in installed) return
    const ours = await ofCheckpoint(cpu, folder, { prompts, tokens, rows })
    const theirs = await inLlamaCpp(installed.folder, folder, `${folder}.gguf`, type, { prompts, tokens, rows })
    const { percent, error } = driftOf(ours.losses, theirs.losses)
    assert.ok(Math.abs(percent) < 0.1, `${percent} ± ${error} %`)
    assert.deepEqual(
      theirs.answers.map(({ prompt }) => prompt),
      ours.prompts,
    )
    assert.deepEqual(
      prompts.filter((_, i) => !alike(ours, theirs.answers, tie)[i]),
      [],
    )
  }

  /** The weights of a folder, rounded. */
  async function roundToBf16(folder: string): Promise<void> {
    const checkpoint = await openCheckpoint(folder)
    const rounded: Record<string, TestTensor> = {}
    for (const [name, { shape }] of checkpoint.tensors) {
      const { values = new Float32Array() } = (await readF32Tensor(checkpoint, name)) ?? {}
      const data = new Uint8Array(Uint16Array.from(values, f32ToBf16).buffer)
      rounded[name] = { dtype: 'BF16', shape: [...shape], data }
    }
    await checkpoint.close()
    for (const name of readdirSync(folder)) if (name.includes('safetensors')) rmSync(join(folder, name))
    writeFileSync(join(folder, 'model.safetensors'), safetensors(rounded, { format: 'pt' }))
  }

  for (const prefix of [true, false])
    it(`finds the same ids by SentencePiece's rules, ${prefix ? 'with' : 'without'} a space before the text`, async () => {
      if ('why' in installed) return
      const folder = temp.path(`pieces-${prefix}`)
      const text = 'the cat sat on the mat and then the other cat ate the rat that sat there'
      const tokenizer = sentencePiece(text, 40, prefix)
      const rows = Object.keys((tokenizer.model as { vocab: object }).vocab).length
      await writeTinyModel(folder, { ...smallLlama, vocab_size: rows })
      writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer))
      const texts = [text, 'the thin hat', ' a  b', 'cat', 'Zürich then', 'thethe catcat', 'x\ny']
      const ours = await ofCheckpoint(cpu, folder, { prompts: texts, tokens: 1 })
      const theirs = await inLlamaCpp(installed.folder, folder, `${folder}.gguf`, 'f32', { prompts: texts, tokens: 1 })
      assert.deepEqual(
        theirs.answers.map(({ prompt }) => prompt),
        ours.prompts,
      )
    })
})
