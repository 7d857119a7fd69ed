// Greedy text of every family, token for token what transformers makes of the same weights (makeGenerateGoldens.py).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { generateTokens, type GenerateOptions } from '../../../src/engine/generate/generateTokens.ts'
import { createDecoder, type Decoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { backends } from '../../support/backends.ts'
import { goldenPath } from '../../support/shared.ts'
import { lacks } from '../../support/skip.ts'

interface Continuation {
  readonly prompt: number[]
  readonly tokens: number[]
}

const file = new URL('../../fixtures/generate.json', import.meta.url)
const goldens = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Continuation[]>
/** Prompts of the twenty that are tried where a software GPU or f64 loops compute; elsewhere all are. */
const few: Record<string, [number, number]> = { wgpu: [0, 6], reference: [11, 13] }
const greedy: GenerateOptions = { maxTokens: 12, temperature: 0, topP: 1, seed: 0, stop: new Set() }

async function all(decoder: Decoder, prompt: number[], options: Partial<GenerateOptions> = {}): Promise<number[]> {
  const tokens: number[] = []
  for await (const { id } of generateTokens(decoder, Int32Array.from(prompt), { ...greedy, ...options }))
    tokens.push(id)
  return tokens
}

async function withDecoder<T>(
  backend: Backend,
  name: string,
  memoryBytes: number,
  use: (decoder: Decoder) => Promise<T>,
) {
  const checkpoint = await openCheckpoint(goldenPath(name))
  const decoder = await createDecoder(backend, openModel(checkpoint), { memoryBytes, as: 'stored' })
  try {
    return await use(decoder)
  } finally {
    await decoder.close()
    await checkpoint.close()
  }
}

for (const device of backends)
  describe(`greedy text on ${device.name}`, function () {
    this.timeout(300_000)
    let backend: Backend
    before(async function () {
      const opened = await device.open()
      if ('reason' in opened) return lacks(this, opened.reason)
      backend = opened.backend
    })
    after(() => backend?.close())

    for (const [name, continuations] of Object.entries(goldens))
      it(`${name}: as transformers`, async () => {
        await withDecoder(backend, name, 2 ** 30, async (decoder) => {
          for (const { prompt, tokens } of continuations.slice(...(few[device.name] ?? [])))
            assert.deepEqual(await all(decoder, prompt), tokens)
          assert.equal(backend.memory().usedBytes < 2 ** 30, true)
        })
      })
  })

describe('generateTokens', () => {
  let backend: Backend
  before(async () => {
    const opened = await backends.find(({ name }) => name === 'cpu')?.open()
    if (opened && 'backend' in opened) backend = opened.backend
  })
  after(() => backend.close())
  const [{ prompt, tokens }] = goldens.llama.slice(7)
  const onLlama = <T>(use: (decoder: Decoder) => Promise<T>, memory = 2 ** 30) =>
    withDecoder(backend, 'llama', memory, use)

  it('is the same where blocks are read again for every token, and leaves nothing behind', async () => {
    // Scratch memory stays with the backend.
    await onLlama((decoder) => all(decoder, prompt), 1)
    const before = backend.memory().usedBytes
    assert.deepEqual(await onLlama((decoder) => all(decoder, prompt), 1), tokens)
    assert.equal(backend.memory().usedBytes, before)
  })

  for (const name of ['phi3_longrope_long', 'phi3_longrope_short'])
    it(`is what the whole text gives, also past the positions where ${name} rotates all keys by other angles`, async () => {
      const checkpoint = await openCheckpoint(new URL(`../../fixtures/goldens-extra/${name}`, import.meta.url).pathname)
      const decoder = await createDecoder(backend, openModel(checkpoint), { memoryBytes: 2 ** 30, as: 'stored' })
      try {
        await decoder.prepare()
        const text = [4, 5, 6]
        for await (const { id, logits } of generateTokens(decoder, Int32Array.from(text), {
          ...greedy,
          maxTokens: 20,
        })) {
          for await (const whole of generateTokens(decoder, Int32Array.from(text), { ...greedy, maxTokens: 1 }))
            logits.forEach((logit, i) => assert.ok(Math.abs(logit - whole.logits[i]) < 1e-4, `${text.length} tokens`))
          text.push(id)
        }
        assert.equal(text.length, 23)
      } finally {
        await decoder.close()
        await checkpoint.close()
      }
    })

  it('is the same bytes where the kernels of a token are called and where they are replayed, and leaves nothing behind', async () => {
    const logitsOf = async (decoder: Decoder) => {
      const seen: Float32Array[] = []
      for await (const { logits } of generateTokens(decoder, Int32Array.from(prompt), greedy)) seen.push(logits)
      return seen
    }
    const called = await onLlama((decoder) => logitsOf(decoder), 1)
    await onLlama(async (decoder) => {
      await decoder.prepare()
      const before = backend.memory().usedBytes
      assert.deepEqual(await logitsOf(decoder), called)
      assert.equal(backend.memory().usedBytes, before)
    })
  })

  it('ends with the first stop token, which is its last', async () => {
    await onLlama(async (decoder) => {
      const stop = new Set([tokens[3]])
      assert.deepEqual(await all(decoder, prompt, { stop }), tokens.slice(0, tokens.indexOf(tokens[3]) + 1))
    })
  })

  it('draws by its seed, and with top-p only among the likeliest', async () => {
    await onLlama(async (decoder) => {
      const drawn = (seed: number, topP = 1) => all(decoder, prompt, { temperature: 2, topP, seed })
      assert.deepEqual(await drawn(1), await drawn(1))
      assert.notDeepEqual(await drawn(1), await drawn(2))
      assert.deepEqual(await drawn(1, 1e-9), tokens)
    })
  })

  it('ends where learned positions end, and refuses a prompt that fills them', async () => {
    await withDecoder(backend, 'opt', 2 ** 30, async (decoder) => {
      const { maxPositions } = decoder.model.config
      const long = Array.from({ length: maxPositions - 3 }, (_, i) => i % 7)
      assert.equal((await all(decoder, long)).length, 3)
      await assert.rejects(all(decoder, [...long, 1, 2, 3]), { code: 'usage', message: /leaves no room/ })
      await assert.rejects(all(decoder, []), { code: 'usage', message: /no token/ })
    })
  })

  it('stops when it is cancelled', async () => {
    await onLlama(async (decoder) => {
      const abort = new AbortController()
      const made = generateTokens(decoder, Int32Array.from(prompt), { ...greedy, signal: abort.signal })
      await made.next()
      abort.abort()
      await assert.rejects(made.next(), { code: 'cancelled' })
    })
  })
})
