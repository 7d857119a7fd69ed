// llama.cpp by node-llama-cpp, in a process of its own: it reads what it is to do as JSON from its input.
//   node llamaCpp.mjs PACKAGE FILE.gguf < {"prompts": […], "tokens": N, "rows": [[id, …], …]}
// It prints for each prompt its ids and the N most likely ids after it, one at a time, and for each row the mean of −log p over all of
// its ids but the first.
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
  let first = begun
  for await (const token of sequence.evaluate(asked, { temperature: 0, yieldEogToken: true })) {
    if (ids.push(token) === 1) first = performance.now()
    if (ids.length >= tokens) break
  }
  const now = performance.now()
  answers.push({ prompt: asked, ids, seconds: (now - begun) / 1000, decodeSeconds: (now - first) / 1000 })
}

const losses = []
for (const row of rows) {
  await sequence.clearHistory()
  const wanted = row.map((id, i) => (i + 1 < row.length ? [id, { generateNext: { probabilities: true } }] : id))
  const results = await sequence.controlledEvaluate(wanted)
  const sum = row.slice(1).reduce((total, id, i) => total - Math.log(results[i].next.probabilities.get(id)), 0)
  losses.push(sum / (row.length - 1))
}
console.log(JSON.stringify({ answers, losses }))
process.exit(0)
