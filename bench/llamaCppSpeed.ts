// Reading a prompt and writing greedily after it, here and in llama.cpp, in turns.
//   SPARSESCOPE_LLAMA_CPP=FOLDER npx tsx bench/llamaCppSpeed.ts --model SMOLLM2 [--types bf16,q8_0] [--threads 1,2] [--tokens 64] [--rounds 5]
// FOLDER has node-llama-cpp 3 (npm i node-llama-cpp@3). Here it is the checkpoint, in the precision that `generate` takes (bf16 where the
// processor multiplies it). It does not compute with GGUF files, so q8_0, which reads half the bytes, has no counterpart here.
// Each turn opens its side anew and measures the second of two passes. Tokens a second: medians, and their range.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openCheckpoint } from '../src/engine/checkpoint/checkpoint.ts'
import { openCpu } from '../src/engine/compute/cpu/open.ts'
import { writeGguf } from '../src/engine/convert/writeGguf.ts'
import { openTextGenerator } from '../src/engine/generate/generateText.ts'
import { computeIn } from '../src/engine/model/computeIn.ts'
import { createDecoder } from '../src/engine/model/decoder.ts'
import { openModel } from '../src/engine/model/model.ts'
import { ggufTypeNames } from '../src/catalog/formats/gguf/ggmlTypes.ts'
import { askLlamaCpp, llamaCpp } from '../test/support/llamaCpp.ts'
import { machine, median } from './support/process.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    types: { type: 'string', default: 'bf16,q8_0' },
    threads: { type: 'string', default: '1,2' },
    tokens: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '5' },
  },
})
const installed = llamaCpp()
const { model: folder = '' } = values
if ('why' in installed || folder === '') throw new Error('why' in installed ? installed.why : '--model is needed')
const [tokens, rounds] = [values.tokens, values.rounds].map(Number)
const sentence =
  'The river rose in spring, and the people of the valley carried their boats up to the old mill by the road. '
const prompt = sentence.repeat(10)

interface Speed {
  promptTokens: number
  /** Tokens a second. */
  reading: number
  writing: number
}

const speedOf = (promptTokens: number, made: number, seconds: number, decodeSeconds: number): Speed => ({
  promptTokens,
  reading: promptTokens / (seconds - decodeSeconds),
  writing: (made - 1) / decodeSeconds,
})

async function here(threads: number): Promise<Speed> {
  const checkpoint = await openCheckpoint(folder)
  const model = openModel(checkpoint)
  const backend = await openCpu({ threads })
  const decoder = await createDecoder(computeIn(backend, model, 'auto'), model, { memoryBytes: 2 ** 32, as: 'stored' })
  const generator = await openTextGenerator(decoder)
  try {
    const options = { maxTokens: tokens, temperature: 0, topP: 1, seed: 0 }
    await generator.generate(prompt, options)
    const { promptTokens, tokens: made, seconds, decodeSeconds } = await generator.generate(prompt, options)
    return speedOf(promptTokens, made.length, seconds, decodeSeconds)
  } finally {
    await generator.close()
    await decoder.close()
    await backend.close()
    await checkpoint.close()
  }
}

async function there(llama: string, file: string, threads: number): Promise<Speed> {
  const { answers } = await askLlamaCpp(llama, file, { prompts: [prompt, prompt], tokens, threads })
  const { prompt: asked, ids, seconds, decodeSeconds } = answers[1]
  return speedOf(asked.length, ids.length, seconds, decodeSeconds)
}

const scratch = mkdtempSync(join(tmpdir(), 'llamacpp-'))
try {
  const sides = [{ name: 'SparseScope', measure: here }]
  for (const type of ggufTypeNames.filter((name) => values.types.split(',').includes(name))) {
    const file = join(scratch, `${type}.gguf`)
    const checkpoint = await openCheckpoint(folder)
    await writeGguf(openModel(checkpoint), file, { type })
    await checkpoint.close()
    sides.push({ name: `llama.cpp, ${type}`, measure: (threads) => there(installed.folder, file, threads) })
  }
  console.log(machine())
  for (const threads of values.threads.split(',').map(Number)) {
    const speeds = sides.map((): Speed[] => [])
    for (let round = 0; round < rounds; round++)
      for (const [i, { measure }] of sides.entries()) speeds[i].push(await measure(threads))
    for (const [i, { name }] of sides.entries()) {
      const told = (key: 'reading' | 'writing') => {
        const all = speeds[i].map((speed) => speed[key]).sort((a, b) => a - b)
        return `${median(all).toFixed(1)} (${all[0].toFixed(1)}–${all[all.length - 1].toFixed(1)})`
      }
      console.log(
        `| ${name}, threads ${threads} | ${speeds[i][0].promptTokens} | ${told('reading')} | ${told('writing')} |`,
      )
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
