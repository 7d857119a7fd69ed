// A message advises only what may help: a learning rate only where something has learnt.
import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { whatIsWorse } from '../../../src/engine/run/phases/evaluateStage.ts'
import { checkFinite } from '../../../src/engine/run/state/storedBlock.ts'
import { run } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

describe('what recovery made worse', () => {
  it('is a perplexity that is higher, or an accuracy that is lower by more than the standard error of the difference', () => {
    assert.equal(whatIsWorse({ perplexity: 30 }, { perplexity: 30.1 })?.what, 'raised the perplexity')
    assert.equal(whatIsWorse({ perplexity: 30 }, { perplexity: 30 }), null)
    // Rounding is no verdict: the message would say "from 30.00 to 30.00".
    assert.equal(whatIsWorse({ perplexity: 30 }, { perplexity: 30.0001 }), null)
    const told = whatIsWorse({ acc: 0.5, stderr: 0.03 }, { acc: 0.44, stderr: 0.04 })
    assert.deepEqual(told, { what: 'lowered the accuracy', from: '50.0 ± 3.0 %', to: '44.0 ± 4.0 %' })
    assert.equal(whatIsWorse({ acc: 0.5, stderr: 0.03 }, { acc: 0.46, stderr: 0.04 }), null)
    assert.equal(whatIsWorse({ acc: 0.5, stderr: null }, { acc: 0, stderr: null }), null)
    // lambada has both.
    const both = { acc: 0.5, stderr: 0.01, perplexity: 20 }
    assert.equal(whatIsWorse(both, { ...both, perplexity: 19, acc: 0.4 })?.what, 'lowered the accuracy')
    assert.equal(whatIsWorse(both, { ...both, perplexity: 21 })?.what, 'raised the perplexity')
  })
})

describe('advice for NaN and infinity', () => {
  const bits: [string, Uint8Array][] = [
    ['F16', new Uint8Array(Uint16Array.of(0x3c00, 0x7c00).buffer)],
    ['BF16', new Uint8Array(Uint16Array.of(0x3f80, 0x7fc0).buffer)],
    ['F32', new Uint8Array(Float32Array.of(1, -Infinity).buffer)],
    ['F64', new Uint8Array(Float64Array.of(1, NaN).buffer)],
  ]
  for (const [dtype, bytes] of bits) {
    it(`a pruned ${dtype} weight that cannot be stored is no matter of a learning rate`, () => {
      assert.throws(
        () => checkFinite('fc1.weight', bytes, dtype, 'pruning'),
        ({ message }: Error) => /fc1\.weight: a pruned weight .*inspect --stats/.test(message) && !/lr/.test(message),
      )
    })
    it(`a trained ${dtype} value that cannot be stored may be a matter of a learning rate`, () => {
      assert.throws(
        () => checkFinite('fc1.weight', bytes, dtype, 'training'),
        /a trained value .*lower lr under recover/,
      )
    })
  }

  it('16-bit values are looked at two at a time, each for itself', () => {
    for (const [dtype, largest, infinite] of [
      ['F16', 0x7bff, 0x7c00],
      ['BF16', 0x7f7f, 0x7f80],
    ] as const) {
      const finite = [largest, largest | 0x8000, 0x8000, 1]
      checkFinite('fc1.weight', new Uint8Array(Uint16Array.from(finite).buffer), dtype, 'training')
      for (const bad of [infinite, infinite | 0x8000, infinite | 1])
        for (const place of finite.keys()) {
          const values = Uint16Array.from(finite, (value, i) => (i === place ? bad : value))
          assert.throws(() => checkFinite('fc1.weight', new Uint8Array(values.buffer), dtype, 'training'), /too large/)
        }
    }
  })

  it('gives no advice for finite numbers', () => {
    // Lower halves of eight bytes that would be none by themselves.
    const bytes = new Uint8Array(Float64Array.of(1, 1e300, -0, 0.1).buffer)
    new Uint32Array(bytes.buffer)[0] = 0x7ff00001
    checkFinite('fc1.weight', bytes, 'F64', 'training')
  })

  describe('of runs', () => {
    let backend: Backend
    let place: Scratch
    before(async () => {
      backend = await openCpu({ threads: 2 })
      place = scratch()
      cpSync(goldenPath('opt'), place.path('model'), { recursive: true })
      poison(join(place.path('model'), 'model.safetensors'), 'model.decoder.layers.0.final_layer_norm.weight')
    })
    after(async () => {
      await backend.close()
    })

    for (const mode of ['retrain', 'reconstruct'])
      it(`${mode}: advice for a NaN loss before the first update does not mention the rate`, async () => {
        const data = goldenPath('opt', 'prune', 'calib.safetensors')
        const recover = {
          mode,
          train: ['bias'],
          steps: 2,
          ...(mode === 'retrain' && { data, samples: 4, seq_len: 16 }),
        }
        const calibration = mode === 'reconstruct' ? { calibration: { data, samples: 4, seq_len: 16 } } : {}
        const prune = [{ method: 'magnitude', sparsity: 0.5 }]
        const recipe = place.recipe(mode, { version: 1, model: place.path('model'), prune, ...calibration, recover })
        await assert.rejects(run(backend, { recipe }), ({ message }: Error) => {
          assert.match(message, /step 1: the loss is not a number/)
          assert.doesNotMatch(message, /recover\.lr/)
          return true
        })
      })
  })
})

/** Makes the tensor's first value NaN. */
function poison(path: string, name: string): void {
  const file = readFileSync(path)
  const length = Number(file.readBigUInt64LE(0))
  const header = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: number[] }>
  file.fill(0xff, 8 + length + header[name].data_offsets[0], 8 + length + header[name].data_offsets[0] + 4)
  writeFileSync(path, file)
}
