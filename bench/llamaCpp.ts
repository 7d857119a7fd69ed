// A checkpoint here and its GGUF file in llama.cpp: the same greedy tokens after ten prompts, the same perplexity, the same zeros.
//   SPARSESCOPE_LLAMA_CPP=FOLDER npx tsx bench/llamaCpp.ts MODEL IDS.safetensors [--field evaluation] [--types f32,bf16] [--windows 2] [--length 128] [--tokens 20]
// FOLDER has node-llama-cpp 3 (npm i node-llama-cpp@3). A line a type: prompts with the same ids, those with the same tokens after them (but for tokens
// that lead by less than 0.03 nats), by how much its perplexity is above ours in f32 and the standard error of that over the windows, zeros.
import { openInspection } from '../src/engine/checkpoint/checkpoint.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { inspectCheckpoint } from '../src/engine/checkpoint/stats/inspectCheckpoint.ts'
import { openCpu } from '../src/engine/compute/cpu/open.ts'
import { ggufTypeNames } from '../src/catalog/formats/gguf/ggmlTypes.ts'
import { openIdTensor } from '../src/engine/text/idTensor.ts'
import { alike, driftOf, inLlamaCpp, ofCheckpoint } from '../test/support/besideLlamaCpp.ts'
import { llamaCpp } from '../test/support/llamaCpp.ts'

const prompts = [
  'The capital of France is',
  'Once upon a time',
  'Water boils at',
  'def add(a, b):',
  'The three largest planets are',
  'In 1969, people first',
  '2 + 2 =',
  'A neural network is',
  'Dear Sir or Madam,',
  'The opposite of hot is',
]

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    field: { type: 'string' },
    types: { type: 'string', default: 'f32,bf16' },
    windows: { type: 'string', default: '2' },
    length: { type: 'string', default: '128' },
    tokens: { type: 'string', default: '20' },
  },
})
const [model, ids] = positionals
const installed = llamaCpp()
if ('why' in installed || !model || !ids)
  throw new Error('why' in installed ? installed.why : 'name a model and its ids')
const scratch = mkdtempSync(join(tmpdir(), 'llamacpp-'))
try {
  const rows = await readRows(ids, Number(values.windows), Number(values.length))
  const asked = { prompts, rows, tokens: Number(values.tokens) }
  const cpu = await openCpu({ threads: 1 })
  const ours = await ofCheckpoint(cpu, model, asked)
  const rounded = cpu.traits.bf16Products ? await ofCheckpoint(cpu, model, { rows }, 'bf16') : null
  await cpu.close()
  const drifted = (losses: readonly number[]) => {
    const { percent, error } = driftOf(ours.losses, losses)
    return `${percent.toFixed(3)} ± ${error.toFixed(3)} %`
  }
  const perplexity = Math.exp(ours.losses.reduce((sum, loss) => sum + loss, 0) / ours.losses.length)
  console.log(`${basename(model)}: perplexity ${perplexity.toFixed(3)} here in f32`)
  if (rounded) console.log(`| here, products in bf16 | | | ${drifted(rounded.losses)} | |`)
  const zeros = await zerosOf(model)
  for (const type of ggufTypeNames.filter((name) => values.types.split(',').includes(name))) {
    const file = join(scratch, `${type}.gguf`)
    const { answers, losses } = await inLlamaCpp(installed.folder, model, file, type, asked)
    const read = answers.filter(({ prompt }, i) => String(prompt) === String(ours.prompts[i])).length
    const same = (tie: number) => alike(ours, answers, tie).filter(Boolean).length
    const kept = (await zerosOf(file)) - zeros
    console.log(
      `| ${type} | ${read} | ${same(0)}, but for ties ${same(0.03)} | ${drifted(losses)} | ${zeros.toLocaleString('en')} + ${kept} |`,
    )
    rmSync(file)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** Exact zeros of all tensors. */
async function zerosOf(path: string): Promise<number> {
  const { checkpoint } = await openInspection(path)
  try {
    const { totals } = await inspectCheckpoint(checkpoint, { stats: true, nm: [] })
    return totals.zeros ?? NaN
  } finally {
    await checkpoint.close()
  }
}

/** The first `length` ids of the first `windows` rows of a tensor of ids. */
async function readRows(path: string, windows: number, length: number): Promise<number[][]> {
  const tensor = await openIdTensor(path, values.field)
  const whole = tensor.shape[1]
  const all = new Int32Array(windows * whole)
  await tensor.read(0, all)
  await tensor.close()
  return Array.from({ length: windows }, (_, w) => [...all.subarray(w * whole, w * whole + length)])
}
