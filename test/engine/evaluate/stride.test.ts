// Windows that overlap, against a computation window by window as in Hugging Face's guide to the perplexity of fixed-length models.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { overlapping } from '../../../src/engine/evaluate/evaluationWindows.ts'
import { evaluatePerplexity } from '../../../src/engine/evaluate/perplexity.ts'
import { createDecoder, type Decoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import type { Windows } from '../../../src/engine/text/windows.ts'
import { protocolOf } from '../../../src/engine/run/origin/protocol.ts'
import { lint } from '../../../src/lint/lint.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import { recipeSchema } from '../../../src/recipe/schema.ts'
import { byteTokenizer } from '../../support/byteTokenizer.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { createMemoryCheckpoint, smallLlama, smallOpt } from '../../support/memoryCheckpoint.ts'
import { openReference } from '../../support/reference/backend.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

const seqLen = 8
/** 5 windows without overlap. */
const ids = Int32Array.from({ length: 5 * seqLen }, (_, i) => (7 * i * i + 3 * i) % smallLlama.vocab_size)
const set: Windows = { ids, mask: null, labels: null, windows: 5, seqLen }

/** Mean nll of the tokens that no window before has. The windows go through the model one by one, each as long as it is. */
async function direct(decoder: Decoder, stride: number, length = seqLen): Promise<number> {
  let [sum, count, end] = [0, 0, 0]
  for (let begin = 0; end < ids.length; begin += stride) {
    const before = end
    end = Math.min(begin + length, ids.length)
    const batch = { batch: 1, seqLen: end - begin, ids: ids.slice(begin, end), mask: null, labels: null }
    const [nll] = await decoder.forwardNll([batch])
    // nll[t] is that of the token after t.
    for (let token = Math.max(before, begin + 1); token < end; token++) {
      sum += nll[token - 1 - begin]
      count++
    }
  }
  return sum / count
}

describe('perplexity with a stride', () => {
  const withDecoder = async (body: (decoder: Decoder) => Promise<void>, memoryBytes = 1e9) => {
    const decoder = await createDecoder(openReference(), openModel(createMemoryCheckpoint(smallLlama)), { memoryBytes })
    try {
      await body(decoder)
    } finally {
      await decoder.close()
    }
  }

  for (const stride of [1, 3, 4, 7, seqLen])
    it(`of ${stride} is that of windows computed one by one, where each token counts once`, () =>
      withDecoder(async (decoder) => {
        const { loss } = await evaluatePerplexity(decoder, overlapping(set, stride, 'ids'))
        assert.ok(Math.abs(loss / (await direct(decoder, stride)) - 1) < 1e-6)
      }))

  it('is the same where blocks are read again for every group of windows', () =>
    withDecoder(async (decoder) => {
      const { loss } = await evaluatePerplexity(decoder, overlapping(set, 3, 'ids'))
      assert.ok(Math.abs(loss / (await direct(decoder, 3)) - 1) < 1e-6)
    }, 1))

  it('is that without a stride where it is as long as a window', () =>
    withDecoder(async (decoder) => {
      const { loss } = await evaluatePerplexity(decoder, set)
      assert.equal((await evaluatePerplexity(decoder, overlapping(set, seqLen, 'ids'))).loss, loss)
      assert.notEqual((await evaluatePerplexity(decoder, overlapping(set, 2, 'ids'))).loss, loss)
    }))

  it('counts every token but the first once, whether or not the windows end with the text', () => {
    for (const stride of [1, 2, 3, 5]) {
      const { labels, ids: all, windows } = overlapping(set, stride, 'ids')
      assert.equal(all.length, windows * seqLen)
      assert.equal(labels?.filter((label) => label >= 0).length, ids.length, `stride ${stride}`)
    }
  })

  it('is refused where tokens would be left out', () => {
    assert.throws(() => overlapping(set, seqLen + 1, 'a.txt'), /^EngineError: a\.txt: .*use a stride of at most 8$/)
  })
})

describe('evaluate[].stride', () => {
  const recipe = (evaluation: object) => ({ version: 1, model: 'm', evaluate: [evaluation] })
  const idle = (evaluation: object) =>
    lint(JSON.stringify(recipe(evaluation)))
      .findings.filter(({ name }) => name === 'key-without-effect')
      .map(({ message }) => message)

  it('is a whole number of 1 to seq_len, and is left out of a resolved recipe without one', () => {
    const isValid = (more: object) => recipeSchema.safeParse(recipe({ data: 'a.txt', ...more })).success
    assert.deepEqual(
      [{ stride: 1 }, { stride: 8, seq_len: 8 }, { stride: 0 }, { stride: 1.5 }, { stride: 9, seq_len: 8 }].map(
        isValid,
      ),
      [true, true, false, false, false],
    )
    assert.ok(!('stride' in resolveRecipe(recipeSchema.parse(recipe({ data: 'a.txt' }))).evaluate[0]))
  })

  it('is in the protocol with the part of the text that is measured, which has more windows than samples', () => {
    const protocol = (stride?: number, samples?: number) =>
      protocolOf(
        resolveRecipe(recipeSchema.parse(recipe({ data: 'a.txt', seq_len: 64, ...(stride && { stride }), samples }))),
      )[0]
    assert.match(protocol(16, 4), /: the first 256 tokens in windows of 64 tokens that begin every 16 tokens, /)
    assert.match(protocol(16), /: windows of 64 tokens that begin every 16 tokens, /)
    for (const stride of [undefined, 64])
      assert.match(protocol(stride, 4), /: the first 4 windows of 64 tokens that do not overlap, /)
  })

  it('has an effect on perplexity of text and of streams of ids only', () => {
    const stride = 4
    assert.deepEqual(idle({ data: 'a.txt', stride }), [])
    assert.deepEqual(idle({ task: 'boolq', data: 'a.jsonl', stride }), [
      'stride has no effect with task boolq: remove it.',
    ])
    const parsed = recipeSchema.parse(recipe({ data: 'a.safetensors', stride }))
    const strideOf = (shape: number[]) => resolveRecipe(parsed, { idShape: () => shape }).evaluate[0].stride
    assert.deepEqual([strideOf([100]), strideOf([10, 10])], [stride, undefined])
  })
})

describe('a stride in a run and on the command line', () => {
  let folder: string
  before(async () => {
    folder = scratch().folder
    await writeTinyModel(join(folder, 'model'), { ...smallOpt, vocab_size: 300, max_position_embeddings: 128 })
    writeFileSync(join(folder, 'model', 'tokenizer.json'), JSON.stringify(byteTokenizer()))
    writeFileSync(join(folder, 'text.txt'), 'all the king’s horses and all the king’s men '.repeat(6))
  })

  const evaluate = (...args: string[]) =>
    cliJson('evaluate', join(folder, 'model'), '--device', 'cpu', '--data', join(folder, 'text.txt'), ...args)

  it('gives one number, and the protocol says it', async () => {
    const settings = { data: 'text.txt', seq_len: 32 }
    const file = join(folder, 'all.prune.yaml')
    const evaluations = [{ ...settings, stride: 8 }, { ...settings, stride: 32 }, settings]
    writeFileSync(
      file,
      JSON.stringify({ version: 1, model: 'model', evaluate: evaluations.map((e) => ({ ...e, at: ['dense'] })) }),
    )
    const report = (await cliJson('run', file, '--device', 'cpu')) as unknown as {
      protocol: string[]
      evaluations: { perplexity: number; windows: number }[]
    }
    const [overlap, whole, plain] = report.evaluations
    const alone = await evaluate('--seq-len', '32', '--stride', '8')
    assert.equal(overlap.perplexity, alone.perplexity)
    assert.equal(overlap.windows, alone.windows)
    assert.ok(overlap.windows > plain.windows)
    assert.deepEqual(whole.perplexity, plain.perplexity)
    assert.match(report.protocol[0], /windows of 32 tokens that begin every 8 tokens/)
    assert.match(report.protocol[2], /windows of 32 tokens that do not overlap/)
  })

  it('is refused in one line where it would do nothing, or would leave tokens out', async () => {
    const model = join(folder, 'model')
    const refused = async (...args: string[]) => {
      const { status, stderr } = await cli('evaluate', model, '--device', 'cpu', ...args)
      assert.equal(status, 2)
      return stderr
    }
    const text = join(folder, 'text.txt')
    const rows = join(folder, 'rows.safetensors')
    writeTinyIds(rows)
    assert.match(
      await refused('--data', rows, '--stride', '4'),
      /rows of ids, which are windows already: leave stride out/,
    )
    assert.match(await refused('--data', text, '--stride', '64', '--seq-len', '32'), /use a stride of at most 32/)
    assert.match(
      await refused('--task', 'boolq', '--data', text, '--stride', '4'),
      /--stride has no effect with task boolq: remove it/,
    )
  })
})
