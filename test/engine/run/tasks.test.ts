import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answers } from '../../../src/runs/compared/answers.ts'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { smallOpt } from '../../support/memoryCheckpoint.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'

const data = fileURLToPath(new URL('../../fixtures/zeroshot/data', import.meta.url))

interface Item {
  loglikelihoods: number[]
  tokens: number[]
  gold: number | null
}

describe('zero-shot tasks', () => {
  let folder: string
  let model: string
  before(async () => {
    folder = scratch().folder
    model = join(folder, 'model')
    await writeTinyModel(model, { ...smallOpt, vocab_size: 300, max_position_embeddings: 512 })
    writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(byteTokenizer()))
    writeFileSync(join(model, 'tokenizer_config.json'), JSON.stringify({ bos_token: '<s>' }))
    for (const task of ['arc_easy', 'winogrande'])
      copyFileSync(join(data, `${task}.jsonl`), join(folder, `${task}.jsonl`))
  })

  const evaluate = (task: string, file: string, ...more: string[]) => [
    'evaluate',
    model,
    '--device',
    'cpu',
    '--task',
    task,
    '--data',
    file,
    ...more,
  ]

  it('print the contract in evaluate, one item for each row in file order', async () => {
    const out = await cliJson(...evaluate('arc_easy', join(data, 'arc_easy.jsonl'), '--items'))
    const { items } = out as { items: Item[] }
    equal(out.rows, 8)
    equal(items.length, 8)
    deepEqual(
      items.map(({ gold }) => gold),
      [1, 2, 2, 0, 1, 3, 1, 0],
    )
    equal(items[2].loglikelihoods[0], items[2].loglikelihoods[2])
    const acc = out.acc as number
    ok(Math.abs((out.stderr as number) - Math.sqrt((acc * (1 - acc)) / 7)) < 1e-15)
    equal((await cliJson(...evaluate('arc_easy', join(data, 'arc_easy.jsonl'), '--limit', '3'))).rows, 3)
    equal((await cliJson(...evaluate('winogrande', join(data, 'winogrande.jsonl')))).acc_norm, null)
    equal(
      typeof (await cliJson(...evaluate('lambada_openai', join(data, 'lambada_openai.jsonl')))).perplexity,
      'number',
    )
  })

  it('count, name and leave out rows without an answer', async () => {
    const [first, second] = readFileSync(join(data, 'arc_easy.jsonl'), 'utf8').split('\n')
    const file = join(folder, 'hidden.jsonl')
    writeFileSync(file, [first, second.replace('"answerKey": "C"', '"answerKey": ""'), first].join('\n'))
    const { stderr, stdout } = await cli(...evaluate('arc_easy', file, '--json'))
    const out = JSON.parse(stdout) as { rows: number; without_answer: number }
    deepEqual([out.rows, out.without_answer], [2, 1])
    match(stderr, /1 of 3 rows has no answer and is left out: .*hidden\.jsonl, line 2/)
  })

  it('end with 2 and one line for what cannot be asked', async () => {
    const bad: [string[], RegExp][] = [
      [evaluate('arc_esy', join(data, 'arc_easy.jsonl')), /did you mean arc_easy/],
      [
        evaluate('piqa', join(data, 'arc_easy.jsonl')),
        /line 1 has no column "goal": the required columns are goal, sol1, sol2, label; it has id, question/,
      ],
      [evaluate('piqa', join(data, 'piqa.jsonl'), '--seq-len', '8'), /--seq-len has no effect with task piqa/],
      [evaluate('perplexity', join(data, 'piqa.jsonl'), '--limit', '8'), /--limit has no effect with task perplexity/],
    ]
    for (const [args, message] of bad) {
      const { status, stderr } = await cli(...args)
      equal(status, 2)
      match(stderr, message)
      equal(stderr.trim().split('\n').length, 1)
    }
  })

  it('are measured at the stages of a recipe, and the report has their mean', async () => {
    const recipe = join(folder, 'a.prune.yaml')
    const at = '[dense, pruned]'
    writeFileSync(
      recipe,
      `version: 1\nmodel: model\nprune: [{method: magnitude, sparsity: 0.5}]\nevaluate:\n  - {task: arc_easy, data: arc_easy.jsonl, limit: 5, at: ${at}}\n  - {task: winogrande, data: winogrande.jsonl, at: ${at}}\n`,
    )
    equal((await cli('lint', recipe)).stdout.includes('error'), false)
    const report = (await cliJson('run', recipe, '--device', 'cpu')) as {
      run: string
      protocol: string[]
      accuracy: Record<string, { acc: number; stderr: number; tasks: number }>
      evaluations: { stage: string; task: string; acc: number; stderr: number; rows: number; answers: Answers }[]
    }
    equal(report.evaluations.length, 4)
    const dense = report.evaluations.filter(({ stage }) => stage === 'dense')
    deepEqual(
      dense.map(({ task, rows }) => [task, rows]),
      [
        ['arc_easy', 5],
        ['winogrande', 7],
      ],
    )
    // Each single answer is kept, and they come to the accuracy.
    for (const { acc, rows, answers } of report.evaluations) {
      equal(answers.gold.length, rows)
      equal([...answers.picked].filter((choice, i) => choice === answers.gold[i]).length / rows, acc)
    }
    equal(report.evaluations[0].answers.gold, '12201')
    ok(!readFileSync(join(report.run, 'events.jsonl'), 'utf8').includes('"answers"'))
    equal(report.accuracy.dense.acc, (dense[0].acc + dense[1].acc) / 2)
    ok(Math.abs(report.accuracy.dense.stderr - Math.hypot(dense[0].stderr, dense[1].stderr) / 2) < 1e-15)
    ok(report.protocol.some((sentence) => /differ by at most their standard error/.test(sentence)))
  })

  it('have columns that lint knows', async () => {
    const recipe = join(folder, 'b.prune.yaml')
    writeFileSync(recipe, 'version: 1\nmodel: model\nevaluate: [{task: piqa, data: arc_easy.jsonl}]\n')
    match(
      (await cli('lint', recipe)).stdout,
      /no column goal: this task reads goal, sol1, sol2, label; it has id, question/,
    )
  })
})
