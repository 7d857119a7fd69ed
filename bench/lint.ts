// Lint of a 300-line recipe against a header of 3,000 tensors, ms, warm: after a key stroke, the header being known.
//   npx tsx bench/lint.ts [--reps 50]
import { parseArgs } from 'node:util'
import { readModelConfig } from '../src/catalog/families/modelConfig.ts'
import { modelParameters } from '../src/catalog/families/parameters.ts'
import { describeModel } from '../src/recipe/describeModel.ts'
import { noFacts } from '../src/recipe/facts.ts'
import { lint } from '../src/lint/lint.ts'
import { machine, median } from './support/process.ts'

const { values } = parseArgs({ options: { reps: { type: 'string', default: '50' } } })

const blocks = 187
const config = {
  model_type: 'opt',
  hidden_size: 1024,
  ffn_dim: 4096,
  num_hidden_layers: blocks,
  num_attention_heads: 16,
  vocab_size: 50272,
  max_position_embeddings: 2048,
  word_embed_proj_dim: 1024,
}
const tensors = new Map(
  modelParameters(readModelConfig(config)).map((p) => [p.name, { dtype: 'BF16', shape: p.shape }]),
)
const tokenizer = { present: true, largestId: 50271 }
const model = describeModel({ tensors, config, problems: [], tokenizer, masked: false, sparsities: null })

/** A step for every third block with four targets each, and the usual rest: 300 lines. */
const steps = Array.from({ length: 36 }, (_, i) => {
  const block = `model\\\\.decoder\\\\.layers\\\\.${3 * i}\\\\.`
  const targets = ['self_attn', 'fc1', 'fc2', 'fc3'].map((name) => `      - "re:${block}.*${name}"`)
  return ['  - method: wanda', `    sparsity: ${(0.3 + 0.01 * i).toFixed(2)}`, '    targets:', ...targets, ''].join(
    '\n',
  )
})
const recipe = (edit: number) => `version: 1
model: opt
prune:
${steps.join('\n')}
calibration: {data: train.jsonl, samples: 128, seq_len: 2048}
seed: ${edit}
recover:
  mode: reconstruct
  train: [bias, norm, mask_lora]
  steps: 1000
save: {to: out}
`

const facts = { ...noFacts, model }
const times: number[] = []
for (let i = 0; i < Number(values.reps) + 10; i++) {
  const text = recipe(i)
  const start = performance.now()
  lint(text, { facts })
  // The first ones warm up.
  if (i >= 10) times.push(performance.now() - start)
}
const sorted = [...times].sort((a, b) => a - b)
console.log(machine())
console.log(
  `${recipe(0).split('\n').length} lines × ${tensors.size} tensors: ${lint(recipe(0), { facts }).findings.length} findings`,
)
console.log(
  `median ${median(times).toFixed(1)} ms, 95 % ${sorted[Math.floor(0.95 * sorted.length)].toFixed(1)} ms (bar: 50 ms)`,
)
