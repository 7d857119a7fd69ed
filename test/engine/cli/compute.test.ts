// Commands whose device has too little memory for what they planned.
import assert from 'node:assert/strict'
import { retryWithLess } from '../../../src/cli/model/compute.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openReference } from '../../support/reference/backend.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { evaluatePerplexity } from '../../../src/engine/evaluate/perplexity.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { loadWindows } from '../../../src/engine/text/windows.ts'
import { goldenPath } from '../../support/shared.ts'
import { openOrSkip } from '../../support/webgpu.ts'

const refused = () => new EngineError('out-of-memory', 'the GPU is out of memory')

describe('a command whose device has no more memory', function () {
  this.timeout(300_000)

  it('starts again with less, says so, and measures the same', async function () {
    const gpu = await openOrSkip(this)
    const checkpoint = await openCheckpoint(goldenPath('opt'))
    try {
      const model = openModel(checkpoint)
      const set = await loadWindows({
        path: goldenPath('opt', 'prune', 'calib.safetensors'),
        seqLen: 16,
        purpose: 'evaluate',
        folder: checkpoint.folder,
        vocabSize: model.config.vocabSize,
      })
      const said: string[] = []
      const evaluate = async () => {
        const decoder = await createDecoder(gpu, model, { memoryBytes: 2 ** 30, tokensPerPass: 4096 })
        try {
          return (await evaluatePerplexity(decoder, set, {})).perplexity
        } finally {
          await decoder.close()
        }
      }
      const measure = () =>
        retryWithLess({ say: (line) => said.push(line) }, gpu, evaluate, { remedy: 'use shorter windows' })
      const ample = await measure()
      assert.deepEqual(said, [])
      gpu.limitMemory(Math.floor(gpu.memory().peakBytes / 2))
      const tight = await measure()
      assert.ok(said.length > 0)
      for (const line of said)
        assert.match(line, /^warning: .* ran out of memory; starts again with at most \d+ tokens/)
      assert.ok(Math.abs(tight / ample - 1) < 1e-5, `${tight}, not ${ample}`)
      assert.equal(gpu.memory().usedBytes, 0)
      gpu.limitMemory(1000)
      await assert.rejects(measure(), {
        code: 'out-of-memory',
        message: /close other programs that use it, use shorter windows, or compute on the CPU/,
      })
    } finally {
      await checkpoint.close()
      await gpu.close()
    }
  })

  it('does not begin again what has been said already, nor where memory is the host’s', async () => {
    const host: Backend = openReference()
    let tries = 0
    const body = async () => {
      tries++
      throw refused()
    }
    const [silent, remedy] = [{ say: assert.fail }, 'use fewer']
    const lessAlways: Backend = { ...host, planWithLess: () => ({ rows: 1 }) }
    await assert.rejects(retryWithLess(silent, lessAlways, body, { remedy, mayRepeat: () => false }), refused())
    await assert.rejects(retryWithLess(silent, host, body, { remedy }), refused())
    assert.equal(tries, 2)
  })
})
