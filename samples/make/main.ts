// Remakes the sample from nothing: text, tokenizer, two fresh models, training by this engine, evaluation.
//   npm run build && npx tsx samples/make/main.ts [llama|opt ...]
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { tokenizerJson, trainBytePairs } from './bytePairs.ts'
import { heldOut, readChapters, type Chapter } from './corpus.ts'
import { freshWeights, idsFile, llamaConfig, optConfig, vocabSize } from './freshModel.ts'

const root = join(import.meta.dirname, '../..')
const work = join(root, 'out/sample')
const samples = join(root, 'samples')
const special = ['<|endoftext|>']
const seqLen = 256
/** Characters; a token is about 3.8 of them. */
const passageLength = 1100
/** `windows` of the text's 4,160 are trained on. */
const training = {
  llama: { steps: 3000, lr: 4e-3, windows: 4160 },
  opt: { steps: 3600, lr: 3e-3, windows: 4000 },
}
type Kind = keyof typeof training

/** Passages of whole sentences, a little longer than `seqLen` tokens, so that they serve calibration and retraining. */
function passages({ book, chapter, text }: Chapter): string[] {
  const pieces: string[] = []
  for (const sentence of text.split(/(?<=[.!?]) /)) {
    const last = pieces.length - 1
    if (last < 0 || pieces[last].length > passageLength) pieces.push(sentence)
    else pieces[last] += ` ${sentence}`
  }
  return pieces.map((piece, i) => JSON.stringify({ id: `${book} ${chapter} ${i + 1}`, text: piece }))
}

/** What ships: every fifth chapter for calibration and retraining, the held-out books for evaluation. */
function writeText(train: Chapter[], evaluation: Chapter[]): void {
  mkdirSync(join(samples, 'text'), { recursive: true })
  const rows = train.filter((_, i) => i % 5 === 0).flatMap(passages)
  writeFileSync(join(samples, 'text/train.jsonl'), rows.join('\n') + '\n')
  writeFileSync(join(samples, 'text/evaluation.txt'), evaluation.map((c) => c.text).join('\n\n') + '\n')
}

/** Chapters one after another, each ended by the special token, cut into rows of `seqLen`. */
function trainingIds(train: Chapter[], tokenizer: string): Int32Array {
  const encoder = new Tokenizer(JSON.parse(tokenizer) as object, {})
  const ids = train.flatMap(({ text }) => [...encoder.encode(text).ids, 0])
  return Int32Array.from(ids.slice(0, ids.length - (ids.length % seqLen)))
}

function sparsescope(...args: string[]): string {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'dist/cli.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`sparsescope ${args.join(' ')} ended with ${status}`)
  return stdout
}

function train(kind: Kind, tokenizer: string): void {
  const { steps, lr, windows } = training[kind]
  const folder = join(work, `${kind}-fresh`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const config = kind === 'llama' ? llamaConfig : optConfig
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 2) + '\n')
  writeFileSync(join(folder, 'tokenizer.json'), tokenizer)
  writeFileSync(join(folder, 'model.safetensors'), freshWeights(kind, 1))
  const trained = join(work, `${kind}-trained`)
  rmSync(trained, { recursive: true, force: true })
  const recipe = {
    version: 1,
    model: `${kind}-fresh`,
    seed: 1,
    recover: {
      mode: 'retrain',
      train: ['full'],
      steps,
      lr,
      batch_size: 8,
      shuffle: true,
      data: 'ids.safetensors',
      samples: windows,
      seq_len: seqLen,
    },
    evaluate: [{ task: 'perplexity', data: '../text/evaluation.txt', seq_len: seqLen, every: 1000 }],
    save: { to: `${kind}-trained` },
  }
  // JSON is YAML.
  writeFileSync(join(work, `${kind}.prune.yaml`), JSON.stringify(recipe, null, 2))
  sparsescope('run', join(work, `${kind}.prune.yaml`))
  const target = join(samples, kind)
  mkdirSync(target, { recursive: true })
  for (const file of ['config.json', 'tokenizer.json', 'model.safetensors'])
    copyFileSync(join(trained, file), join(target, file))
}

const asked = process.argv.slice(2)
const kinds = (Object.keys(training) as Kind[]).filter((k) => asked.length === 0 || asked.includes(k))
mkdirSync(work, { recursive: true })
const chapters = readChapters()
const trainChapters = chapters.filter((c) => !heldOut.has(c.book))
writeText(
  trainChapters,
  chapters.filter((c) => heldOut.has(c.book)),
)
const tokenizer = tokenizerJson(
  trainBytePairs(
    trainChapters.map((c) => c.text),
    vocabSize,
    special,
  ),
  special,
)
const idsPath = join(work, 'ids.safetensors')
const ids = trainingIds(trainChapters, tokenizer)
writeFileSync(idsPath, idsFile(ids, seqLen))
console.log(`${ids.length} training tokens`)
for (const kind of kinds) {
  const start = Date.now()
  train(kind, tokenizer)
  const evaluation = join(samples, 'text/evaluation.txt')
  const result = sparsescope('evaluate', join(samples, kind), '--data', evaluation, '--seq-len', '256', '--json')
  const { perplexity } = JSON.parse(result) as { perplexity: number }
  const minutes = ((Date.now() - start) / 60000).toFixed(1)
  console.log(`${kind}: perplexity ${perplexity.toFixed(2)} on the held-out books, made in ${minutes} minutes`)
}
