// Zero-shot tasks beside lm-evaluation-harness: accuracy, log-likelihoods a token, seconds. Both in float32 on the CPU.
//   PYTHON=…/bin/python npx tsx bench/zeroShot.ts --model SMOLLM2 --data FOLDER [--tasks arc_easy,…] [--limit 200]
// FOLDER has TASK.jsonl. PYTHON has lm_eval 0.4.13; its environment lies outside the repository.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine, python, runJson, sparsescope } from './support/process.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    tasks: { type: 'string', default: 'arc_easy,openbookqa,winogrande' },
    limit: { type: 'string', default: '200' },
  },
})
const { model, data, tasks, limit } = values
if (!model || !data) throw new Error('--model and --data are needed')

interface Ours {
  acc: number
  acc_norm: number | null
  seconds: number
  items: { loglikelihoods: number[]; tokens: number[] }[]
}
interface Theirs {
  acc: number
  acc_norm: number | null
  seconds: number
  loglikelihoods: number[][]
}

const argmax = (list: number[]) => list.reduce((best, value, i) => (value > list[best] ? i : best), 0)

console.log(machine())
for (const task of tasks.split(',')) {
  const file = join(data, `${task}.jsonl`)
  const common = ['--task', task, '--data', file, '--limit', limit, '--items', '--device', 'cpu']
  const { json: ours } = sparsescope<Ours>('evaluate', model, ...common)
  const oracle = join(import.meta.dirname, 'zeroShot.py')
  const { json: theirs } = runJson<Theirs>(python, [oracle, model, task, file, limit])
  let worst = 0
  let others = 0
  ours.items.forEach(({ loglikelihoods, tokens }, row) => {
    const expected = theirs.loglikelihoods[row]
    loglikelihoods.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - expected[i]) / tokens[i])))
    if (argmax(loglikelihoods) !== argmax(expected)) others++
  })
  console.log(
    `${task}: acc ${ours.acc} and ${theirs.acc}, acc_norm ${ours.acc_norm} and ${theirs.acc_norm}, ` +
      `${worst.toExponential(1)} a token at most, ${others} other argmax, ` +
      `${ours.seconds.toFixed(1)} s and ${theirs.seconds.toFixed(1)} s (${(theirs.seconds / ours.seconds).toFixed(2)} ×)`,
  )
}
