import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../support/reference/backend.ts'
import { openBackend } from '../../../src/engine/compute/open.ts'
import { writeSideBySide } from '../../../src/engine/generate/sideBySide.ts'
import { likeliestTokens } from '../../../src/engine/generate/generateTokens.ts'
import type { TriedToken, TryProgress, Turn } from '../../../src/protocol/tryOut.ts'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { smallOpt } from '../../support/memoryCheckpoint.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyModel } from '../../support/tinyModel.ts'
import { openOrSkip } from '../../support/webgpu.ts'

describe('models side by side', () => {
  let folder: string
  let backend: Backend
  const path = (name: string) => join(folder, name)
  before(async () => {
    folder = scratch().folder
    await writeTinyModel(path('dense'), { ...smallOpt, vocab_size: 300, max_position_embeddings: 64 })
    writeFileSync(path('dense/tokenizer.json'), JSON.stringify(byteTokenizer()))
    const pruned = await cli(
      'prune',
      path('dense'),
      '--method',
      'magnitude',
      '--sparsity',
      '0.8',
      '--out',
      path('pruned'),
    )
    equal(pruned.status, 0, pruned.stderr)
    mkdirSync(path('broken'))
    copyFileSync(path('dense/config.json'), path('broken/config.json'))
    writeFileSync(path('broken/model.safetensors'), 'version https://git-lfs.github.com/spec/v1\n')
    backend = await openBackend({ device: 'cpu', threads: 1 })
  })
  after(async () => {
    await backend.close()
  })

  const prompts = ['Once upon', 'the']
  async function tried(
    models: string[],
    {
      on = backend,
      ...more
    }: { on?: Backend; memoryBytes?: number; signal?: AbortSignal; masks?: (string | null)[]; turns?: Turn[] } = {},
  ) {
    const seen: TryProgress[] = []
    const request = { models: models.map(path), prompts, maxTokens: 6, memoryBytes: 1e9, ...more }
    const device = await writeSideBySide(on, { ...request, onProgress: (progress) => void seen.push(progress) })
    const tokens = (column: number, prompt: number): TriedToken[] =>
      seen.flatMap((p) => (p.type === 'token' && p.column === column && p.prompt === prompt ? [p.token] : []))
    const judged = (column: number, prompt: number) =>
      seen.flatMap((p) =>
        p.type === 'judged' && p.column === column && p.prompt === prompt ? [p.logProbabilities] : [],
      )
    return { seen, tokens, judged, device }
  }

  const failures = (seen: readonly TryProgress[]) =>
    seen.flatMap((progress) => (progress.type === 'failed' ? [progress.column] : []))

  it("say the same where one is the other's mask over its dense weights", async () => {
    const { tokens } = await tried(['dense', 'pruned', 'dense'], { masks: [null, null, path('pruned')] })
    const ids = (column: number) => tokens(column, 0).map(({ id }) => id)
    deepEqual(ids(2), ids(1))
    ok(ids(2).join() !== ids(0).join())
    const { seen } = await tried(['dense', 'dense'], { masks: [null, path('dense')] })
    match(seen.flatMap((p) => (p.type === 'failed' && p.column === 1 ? [p.message] : [])).join(), /sparsescope\.mask/)
  })

  it('answer in a conversation, each with its own answers before; the first judges all, and needs a chat template', async () => {
    const template = `{% for m in messages %}{{ '<' ~ m.role[0] ~ '>' ~ m.content }}{% endfor %}{{ '<a>' if add_generation_prompt }}`
    for (const name of ['dense', 'pruned']) writeFileSync(path(`${name}/chat_template.jinja`), template)
    try {
      const turns = [{ prompt: 'Hi', answers: ['the one', 'in a'] }]
      const { tokens, judged } = await tried(['dense', 'pruned'], { turns })
      for (const [column, name] of ['dense', 'pruned'].entries()) {
        const [prompt] = prompts
        const text = `<u>Hi<a>${turns[0].answers[column]}<u>${prompt}<a>`
        writeFileSync(path(`${name}/chat_template.jinja`), text)
        const args = ['--device', 'cpu', '--chat', '--prompt', prompt, '--max-tokens', '6']
        const alone = await cliJson('generate', path(name), ...args)
        deepEqual(
          tokens(column, 0).map(({ id }) => id),
          alone.tokens,
        )
        equal(judged(column, 0)[0]?.length, 6)
      }
      rmSync(path('pruned/chat_template.jinja'))
      const { seen } = await tried(['dense', 'pruned'], { turns: [] })
      deepEqual(failures(seen), [1])
      match(JSON.stringify(seen), /the prompt is a conversation, but the model .*pruned has no chat template/)
    } finally {
      for (const name of ['dense', 'pruned']) rmSync(path(`${name}/chat_template.jinja`), { force: true })
    }
  })

  it('say what generate says, in turns; the first judges all tokens', async () => {
    const { seen, tokens, judged } = await tried(['dense', 'pruned'])
    for (const [column, name] of ['dense', 'pruned'].entries())
      for (const [prompt, text] of prompts.entries()) {
        const alone = await cliJson('generate', path(name), '--device', 'cpu', '--prompt', text, '--max-tokens', '6')
        const said = tokens(column, prompt)
        deepEqual(
          said.map(({ id }) => id),
          alone.tokens,
        )
        const end = seen.find((p) => p.type === 'end' && p.column === column && p.prompt === prompt)
        equal(said.map(({ piece }) => piece).join('') + (end?.type === 'end' ? end.rest : ''), alone.text)
        for (const { logProbability, alternatives } of said) {
          equal(alternatives.length, 5)
          // Greedy: what was said is the likeliest.
          equal(alternatives[0].logProbability, logProbability)
        }
      }
    const order = seen.flatMap((p) => (p.type === 'token' && p.prompt === 0 ? [p.column] : []))
    deepEqual(order.slice(0, 4), [0, 1, 0, 1])
    const [own] = judged(0, 0)
    for (const [i, { logProbability }] of tokens(0, 0).entries())
      ok(Math.abs((own?.[i] ?? NaN) - logProbability) < 1e-4)
    const [others] = judged(1, 0)
    equal(others?.length, tokens(1, 0).length)
    const differs = tokens(1, 0).some(({ logProbability }, i) => Math.abs((others?.[i] ?? NaN) - logProbability) > 1e-3)
    ok(differs)
  })

  it('come one after the other where memory has no room for all, with the same result', async () => {
    const together = await tried(['dense', 'pruned'])
    const apart = await tried(['dense', 'pruned'], { memoryBytes: 1000 })
    const opened = apart.seen.flatMap((p) => (p.type === 'opening' ? [p.column] : []))
    deepEqual(opened, [0, 1, 0])
    for (const column of [0, 1])
      for (const prompt of [0, 1]) {
        deepEqual(
          apart.tokens(column, prompt).map(({ id }) => id),
          together.tokens(column, prompt).map(({ id }) => id),
        )
        const [a, b] = [apart, together].map(({ judged }) => judged(column, prompt)[0] ?? [])
        ok(a.length > 0 && a.every((value, i) => Math.abs(value - b[i]) < 1e-5))
      }
  })

  it('come alone, or are reported, where a device has no room for them beside others', async function () {
    this.timeout(120_000)
    const gpu = await openOrSkip(this)
    try {
      // Wide enough that its weights take more than judging does.
      const shape = { hidden_size: 64, word_embed_proj_dim: 64, ffn_dim: 256, num_attention_heads: 4 }
      await writeTinyModel(path('wide'), { ...smallOpt, ...shape, vocab_size: 300, max_position_embeddings: 64 })
      copyFileSync(path('dense/tokenizer.json'), path('wide/tokenizer.json'))
      const models = ['wide', 'dense', 'wide']
      await tried(['wide'], { on: gpu })
      const alone = gpu.memory().peakBytes
      const ample = await tried(models, { on: gpu })
      gpu.limitMemory(alone)
      let plans = 0
      // It gives less than it says.
      const memory = () => ({ ...gpu.memory(), limitBytes: 1e9 })
      const on: Backend = { ...gpu, memory, planWithLess: () => (plans++ === 0 ? { rows: 1 } : null) }
      const tight = await tried(models, { on })
      deepEqual(failures(tight.seen), [])
      equal(plans, 0)
      const opened = tight.seen.flatMap((p) => (p.type === 'opening' ? [p.column] : []))
      deepEqual(opened.slice(0, 3), [0, 1, 2])
      ok(opened.slice(3).some((column) => column > 0))
      for (const column of models.keys())
        for (const prompt of prompts.keys()) {
          const ids = tight.tokens(column, prompt).map(({ id }) => id)
          deepEqual(
            ids,
            ample.tokens(column, prompt).map(({ id }) => id),
          )
          equal(tight.judged(column, prompt)[0]?.length, ids.length)
        }
      equal(gpu.memory().usedBytes, 0)
      gpu.limitMemory(1000)
      const none = await tried(['dense', 'pruned'], { on })
      deepEqual(failures(none.seen), [0, 1])
      equal(plans, 3)
      equal(gpu.memory().usedBytes, 0)
    } finally {
      await gpu.close()
    }
  })

  it('report the precision of their products', async () => {
    await writeTinyModel(path('halves'), { ...smallOpt, vocab_size: 300, max_position_embeddings: 64 }, 'BF16')
    copyFileSync(path('dense/tokenizer.json'), path('halves/tokenizer.json'))
    const on = openReference()
    const { description } = on.info
    equal((await tried(['dense'], { on })).device, description)
    equal((await tried(['halves', 'halves'], { on })).device, `${description}, products in bf16`)
    equal((await tried(['dense', 'halves'], { on })).device, `${description}, products in bf16 or f32`)
    equal(
      (await tried(['halves', 'dense'], { on, memoryBytes: 1000 })).device,
      `${description}, products in bf16 or f32`,
    )
  })

  it('continue without a checkpoint that cannot be used, and report it', async () => {
    const { seen, tokens, judged } = await tried(['broken', 'dense'])
    const failed = seen.filter((p) => p.type === 'failed')
    deepEqual(
      failed.map(({ column }) => column),
      [0],
    )
    match(failed[0].message, /Git-LFS|git lfs/)
    equal(tokens(1, 0).length, 6)
    deepEqual(judged(1, 0), [])
  })

  it('end by a signal', async () => {
    const abort = new AbortController()
    const request = { models: [path('dense')], prompts, maxTokens: 40, memoryBytes: 1e9, signal: abort.signal }
    const tell = (progress: TryProgress) => progress.type === 'token' && abort.abort()
    await rejects(writeSideBySide(backend, { ...request, onProgress: (p) => void tell(p) }), { code: 'cancelled' })
  })

  it('give the likeliest tokens in order, of equal ones the lower id first', () => {
    const logits = Float32Array.of(0, 2, 1, 2, -1)
    const found = likeliestTokens(logits, 3)
    deepEqual(
      found.map(({ id }) => id),
      [1, 3, 2],
    )
    const all = likeliestTokens(logits, 5).reduce((sum, { logProbability }) => sum + Math.exp(logProbability), 0)
    ok(Math.abs(all - 1) < 1e-12)
  })
})
