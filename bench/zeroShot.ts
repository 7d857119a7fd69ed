// Zero-shot tasks beside lm-evaluation-harness: accuracy, log-likelihoods a token, seconds. Both in float32 on the CPU, taking turns.
//   PYTHON=…/bin/python npx tsx bench/zeroShot.ts --model SMOLLM2 --data FOLDER [--tasks arc_easy,…] [--limit 200] [--rounds 3]
// FOLDER has TASK.jsonl. PYTHON has lm_eval 0.4.13; its environment is outside the repository. Under `taskset -c 0` both have one thread.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine, median, python, runJson, sparsescope } from './support/process.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    tasks: { type: 'string', default: 'arc_easy,openbookqa,winogrande' },
    limit: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
  },
})
const { model, data, limit } = values
if (!model || !data) throw new Error('--model and --data are needed')
const tasks = values.tasks.split(',')

interface Ours {
  acc: number
  stderr: number
  acc_norm: number | null
  seconds: number
  items: { loglikelihoods: number[]; tokens: number[] }[]
}
interface Theirs {
  acc: number
  stderr: number
  acc_norm: number | null
  seconds: number
  loglikelihoods: number[][]
}

const threads = availableParallelism()
const oracle = join(import.meta.dirname, 'zeroShot.py')
const ourRound = () =>
  tasks.map((task) => {
    const common = ['--task', task, '--data', join(data, `${task}.jsonl`), '--limit', limit, '--items']
    return sparsescope<Ours>('evaluate', model, ...common, '--device', 'cpu', '--precision', 'f32').json
  })
const theirRound = () => {
  const { json } = runJson<Record<string, Theirs>>(python, [oracle, model, values.tasks, data, limit, String(threads)])
  return tasks.map((task) => json[task])
}
const rounds = Array.from({ length: Number(values.rounds) }, () => ({ ours: ourRound(), theirs: theirRound() }))

const argmax = (list: number[]) => list.reduce((best, value, i) => (value > list[best] ? i : best), 0)

console.log(`${machine()}, ${threads} thread(s)`)
tasks.forEach((task, t) => {
  const { ours, theirs } = { ours: rounds[0].ours[t], theirs: rounds[0].theirs[t] }
  let worst = 0
  let others = 0
  ours.items.forEach(({ loglikelihoods, tokens }, row) => {
    const expected = theirs.loglikelihoods[row]
    loglikelihoods.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - expected[i]) / tokens[i])))
    if (argmax(loglikelihoods) !== argmax(expected)) others++
  })
  const seconds = (side: 'ours' | 'theirs') => median(rounds.map((round) => round[side][t].seconds))
  const ratios = rounds.map((round) => round.theirs[t].seconds / round.ours[t].seconds)
  console.log(
    `${task}: acc ${ours.acc} ± ${ours.stderr.toFixed(5)} and ${theirs.acc} ± ${theirs.stderr.toFixed(5)}, ` +
      `acc_norm ${ours.acc_norm} and ${theirs.acc_norm}, ${worst.toExponential(1)} a token at most, ${others} other argmax, ` +
      `${seconds('ours').toFixed(1)} s and ${seconds('theirs').toFixed(1)} s (${median(ratios).toFixed(2)} ×, ` +
      `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
  )
})
