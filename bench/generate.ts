// Greedy text beside transformers: the same ids, tokens a second, and what reading the weights alone would take.
//   PYTHON=…/bin/python npx tsx bench/generate.ts --model SMOLLM2 [--tokens 40] [--rounds 3] [--dtype float32] [--threads N] [--ours]
// Both on the CPU, taking turns; ours reads the weights in the checkpoint's type, transformers in --dtype. PYTHON has transformers.
// Reading alone is measured once before each of our prompts, so that both see the same machine. --ours: without transformers.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openCheckpoint } from '../src/engine/checkpoint/checkpoint.ts'
import { openCpu } from '../src/engine/compute/cpu/open.ts'
import { openTextGenerator } from '../src/engine/generate/generateText.ts'
import { createDecoder } from '../src/engine/model/decoder.ts'
import { openModel } from '../src/engine/model/model.ts'
import { readBandwidth } from './support/bandwidth.ts'
import { cleanEnvironment, machine, median, python } from './support/process.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    tokens: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '3' },
    dtype: { type: 'string', default: 'float32' },
    ours: { type: 'boolean', default: false },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
})
const { model: folder, dtype } = values
if (!folder) throw new Error('--model is needed')
const maxTokens = Number(values.tokens)
const threads = Number(values.threads)

const prompts = [
  'The capital of France is',
  'Once upon a time, in a small village by the sea,',
  'def fibonacci(n):',
  'The three laws of thermodynamics are',
  'In 1969, the first human',
  'Water boils at',
  'The mitochondria is',
  'Dear Sir or Madam,',
  'To be, or not to be,',
  'import numpy as np\n',
  'The quick brown fox',
  'Photosynthesis is the process by which',
  'My favourite recipe for bread begins with',
  'Q: What is 2 + 2?\nA:',
  'The largest planet in our solar system',
  '# Introduction\n\nSparse neural networks',
  'She opened the door and',
  'According to the theory of evolution,',
  'SELECT name FROM',
  'The history of the Roman Empire',
]

interface Answer {
  tokens: number[]
  seconds: number
}

const checkpoint = await openCheckpoint(folder)
const model = openModel(checkpoint)
const backend = await openCpu({ threads })
const decoder = await createDecoder(backend, model, { memoryBytes: 2 ** 32, as: 'stored' })
const generator = await openTextGenerator(decoder)
const options = { maxTokens, temperature: 0, topP: 1, seed: 0 }

interface OurAnswer extends Answer {
  /** Seconds for the tokens that come one at a time. */
  decodeSeconds: number
  /** Seconds of only reading a token's weights, measured at about the same time: with one thread, and with all. */
  readSeconds: number[]
}

async function ourRound(): Promise<OurAnswer[]> {
  const answers: OurAnswer[] = []
  for (const prompt of prompts) {
    const rates = [await readBandwidth(1, 1), await readBandwidth(threads, 1)]
    const { tokens, seconds, decodeSeconds } = await generator.generate(prompt, options)
    answers.push({
      tokens: [...tokens],
      seconds,
      decodeSeconds,
      readSeconds: rates.map((rate) => bytesPerToken / rate),
    })
  }
  return answers
}

function theirRound(): Answer[] {
  const args = [join(import.meta.dirname, 'generate.py'), folder ?? '', dtype, String(maxTokens), String(threads)]
  const { status, stdout, stderr } = spawnSync(python, args, {
    input: JSON.stringify(prompts),
    env: cleanEnvironment(),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr.slice(-2000))
  return (JSON.parse(stdout) as { answers: Answer[] }).answers
}

/** Bytes of weights that a token reads: all but the embedding, of which it reads a row, unless it is the head too. */
const bytesPerToken = [...checkpoint.tensors.values()]
  .filter(({ name }) => name !== decoder.ends.tokens.name || name === decoder.ends.head.table.name)
  .reduce((sum, { bytes }) => sum + bytes, 0)

const sum = (list: number[]) => list.reduce((a, b) => a + b, 0)
const decodeRate = (answers: OurAnswer[]) =>
  sum(answers.map(({ tokens }) => tokens.length - 1)) / sum(answers.map((a) => a.decodeSeconds))
/** Tokens a second of reading alone. */
const readRate = (answers: OurAnswer[], i: number) => answers.length / sum(answers.map((a) => a.readSeconds[i]))

await ourRound()
const rounds: { ours: OurAnswer[]; theirs: Answer[] }[] = []
for (let i = 0; i < Number(values.rounds); i++)
  rounds.push({ ours: await ourRound(), theirs: values.ours ? [] : theirRound() })

const rate = (answers: Answer[]) => sum(answers.map(({ tokens }) => tokens.length)) / sum(answers.map((a) => a.seconds))
console.log(`${machine()}, ${threads} thread(s), ${backend.info.description}`)
const [{ ours, theirs }] = rounds
if (!values.ours) {
  const equal = ours.filter(({ tokens }, i) => tokens.join() === theirs[i].tokens.join()).length
  const rates = rounds.map((round) => ({ ours: rate(round.ours), theirs: rate(round.theirs) }))
  console.log(`${equal} of ${prompts.length} prompts: the same ${maxTokens} tokens as transformers in ${dtype}`)
  console.log(
    `tokens a second: ${median(rates.map((r) => r.ours)).toFixed(1)} and ${median(rates.map((r) => r.theirs)).toFixed(1)} ` +
      `(${median(rates.map((r) => r.ours / r.theirs)).toFixed(2)} ×)`,
  )
}
const of = (what: (answers: OurAnswer[]) => number) => median(rounds.map((round) => what(round.ours))).toFixed(2)
console.log(
  `decode alone ${of(decodeRate)} tokens a second; reading ${(bytesPerToken / 1e6).toFixed(0)} MB a token would be ` +
    `${of((r) => readRate(r, 0))} on one thread, ${of((r) => readRate(r, 1))} on ${threads} (${of((r) => decodeRate(r) / readRate(r, 1))} of it)`,
)
// On a machine that others use too: what a quarter of the prompts, and of the readings before them, were faster than.
const upperQuarter = (list: number[]) => list.sort((a, b) => b - a)[Math.floor(list.length / 4)]
const every = rounds.flatMap((round) => round.ours)
const [decoded, readAlone] = [
  upperQuarter(every.map((answer) => decodeRate([answer]))),
  upperQuarter(every.map((answer) => Math.max(...answer.readSeconds.map((seconds) => 1 / seconds)))),
]
console.log(
  `a quarter of the prompts above ${decoded.toFixed(1)}, of the readings above ${readAlone.toFixed(1)} (${(decoded / readAlone).toFixed(2)})`,
)
await generator.close()
await decoder.close()
await backend.close()
await checkpoint.close()
