// Every Vulkan driver that a machine without a GPU can have, as it is and lessened to what other adapters offer: kernels, prunings,
// two families, a reconstruction and a retraining, against the goldens that hold for all backends.
import assert from 'node:assert/strict'
import { openCheckpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { deviceRequest, hasSmallSubgroups, requestAdapter } from '../../../../src/engine/compute/webgpu/adapter.ts'
import type { WebGpuBackend } from '../../../../src/engine/compute/webgpu/backend.ts'
import type { HostArray } from '../../../../src/engine/dtype.ts'
import { driverNames, simulatedAdapters, withDriver } from '../../../support/adapters.ts'
import { goldenModel, readGolden } from '../../../support/goldens.ts'
import { simulate } from '../../../support/simulate.ts'
import { openWrapped } from '../../../support/wrappedGpu.ts'
import { cannot } from '../../../support/skip.ts'
import { checkForward, checkGradients } from '../../model/decoderGoldens.ts'
import { checkPruning } from '../../prune/pruneGoldens.ts'
import { checkReconstruction } from '../../recover/reconstructionGolden.ts'
import { checkRetraining } from '../../recover/retrainingGolden.ts'
import { oneOfEach } from '../cases/index.ts'
import { checkCase } from '../cases/opCase.ts'

const all = Object.fromEntries(
  driverNames.flatMap((driver) =>
    Object.entries(simulatedAdapters).map(
      ([title, simulated]) => [`${driver} ${title}`, { driver, simulated }] as const,
    ),
  ),
)

const prunings = ['wanda_2_4', 'sparsegpt_u50']

/** What was asked of a driver, by whom first: who asks for the same computes the same. */
const asked = new Map<string, string>()
/** Bytes of each kernel's case by driver, products and case. */
const seen = new Map<string, Map<string, HostArray>>()

for (const [title, { driver, simulated }] of Object.entries(all))
  describe(`WebGPU on ${title}`, function () {
    this.timeout(600_000)
    let gpu: WebGpuBackend
    before(async function () {
      const opened = await withDriver(driver, async () => {
        const adapter = simulate(await requestAdapter([]), simulated)
        const request = JSON.stringify([driver, deviceRequest(adapter), hasSmallSubgroups(adapter)])
        const first = asked.get(request)
        if (first) return { missing: `it asks for the same device as ${first}` }
        asked.set(request, title)
        return openWrapped({}, simulated)
      })
      if ('missing' in opened) return cannot(this, opened.missing)
      gpu = opened
    })
    after(() => gpu?.close())

    it('agrees with the reference in every kernel, to the bytes of the unchanged driver with the same products', async () => {
      for (const c of oneOfEach) {
        const found = await checkCase(gpu, c, 7)
        const key = `${driver}, ${String(gpu.info.details.products)}: ${c.name}`
        const before = seen.get(key) ?? found
        seen.set(key, before)
        for (const [name, bytes] of found) assert.deepEqual(bytes, before.get(name), `${key}: ${name}`)
      }
    })

    // SwiftShader takes a minute for them: there, other adapters have the kernels alone, and SparseGPT (20 s) has its own kernels among those.
    if (driver === 'SwiftShader' && Object.keys(simulated).length > 0) return
    for (const file of driver === 'lavapipe' ? prunings : ['wanda_2_4'])
      it(`prunes as the authors do: ${file}`, () => checkPruning(gpu, 'opt', `${file}.safetensors`))

    for (const family of ['opt', 'llama'])
      it(`${family} has the logits and gradients of transformers`, async () => {
        const path = goldenModel(family)
        const [checkpoint, golden] = [await openCheckpoint(path), await readGolden(`${path}/golden.safetensors`)]
        await checkForward(gpu, checkpoint, golden)
        await checkGradients(gpu, checkpoint, golden)
        await checkpoint.close()
      })

    it('reconstructs as PERP does, for the first steps', () =>
      checkReconstruction(gpu, { arch: 'opt', file: 'biasln_masklora', train: ['bias', 'norm', 'mask_lora'] }, 4))

    it('retrains as PERP does, for the first steps', () =>
      checkRetraining(gpu, 'llama', { file: 'biasln_masklora', train: ['bias', 'norm', 'mask_lora'] }, 3))

    it("retrains with half of the loss on the dense model's logits, for the first steps", () => {
      const loss = { dense: 0.5, temperature: 2 }
      return checkRetraining(
        gpu,
        'opt',
        { file: 'distill_biasln_masklora_w50_t2', train: ['bias', 'norm', 'mask_lora'], loss },
        3,
      )
    })
  })
