// llama.cpp by node-llama-cpp, in a process of its own: it reads what it is to do as JSON from its input.
//   node llamaCpp.mjs PACKAGE FILE.gguf < {"prompts": […], "tokens": N, "rows": [[id, …], …]}
// It prints for each prompt its ids and the N most likely ids after it, one at a time, and the perplexity of the rows: the exponential
// of the mean of −log p over all ids but the first of each row.
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , folder, file] = process.argv
const { getLlama } = await import(pathToFileURL(join(folder, 'node_modules/node-llama-cpp/dist/index.js')).href)
const { prompts = [], tokens = 0, rows = [], threads = 1 } = JSON.parse(await text(process.stdin))
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: 'error' })
const model = await llama.loadModel({ modelPath: file })
const longest = Math.max(
  64,
  ...rows.map((row) => row.length + 1),
  ...prompts.map((prompt) => prompt.length + 8 + tokens),
)
const context = await model.createContext({ contextSize: longest, threads })
const sequence = context.getSequence()

const bos = model.tokens.shouldPrependBosToken ? [model.tokens.bos] : []
const answers = []
for (const prompt of prompts) {
  await sequence.clearHistory()
  const asked = [...bos, ...model.tokenize(prompt)]
  const ids = []
  const begun = performance.now()
  for await (const token of sequence.evaluate(asked, { temperature: 0, yieldEogToken: true })) {
    ids.push(token)
    if (ids.length >= tokens) break
  }
  answers.push({ prompt: asked, ids, seconds: (performance.now() - begun) / 1000 })
}

let sum = 0
let count = 0
for (const row of rows) {
  await sequence.clearHistory()
  const wanted = row.map((id, i) => (i + 1 < row.length ? [id, { generateNext: { probabilities: true } }] : id))
  const results = await sequence.controlledEvaluate(wanted)
  for (let i = 0; i + 1 < row.length; i++) {
    sum -= Math.log(results[i].next.probabilities.get(row[i + 1]))
    count++
  }
}
console.log(JSON.stringify({ answers, perplexity: count > 0 ? Math.exp(sum / count) : null }))
process.exit(0)
