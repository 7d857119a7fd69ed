import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readF32, upload } from '../../../../src/engine/compute/backend.ts'
import { openBackend, probe } from '../../../../src/engine/compute/open.ts'
import { openReference } from '../../../support/reference/backend.ts'
import { rows, slice } from '../../../../src/engine/compute/tensor.ts'
import { openWebGpu } from '../../../../src/engine/compute/webgpu/backend.ts'
import { deviceRequest, hasOwnMemory } from '../../../../src/engine/compute/webgpu/adapter.ts'
import {
  knownDeviceMemory,
  measureDeviceMemory,
  memoryBound,
} from '../../../../src/engine/compute/webgpu/deviceMemory.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import { childArguments } from '../../../support/children.ts'
import { scratch } from '../../../support/scratch.ts'
import { openOrSkip } from '../../../support/webgpu.ts'
import { openWrapped, type WrappedGpu } from '../../../support/wrappedGpu.ts'

const fillRandom = (length: number, purpose: string) => {
  const rng = createRng(1, purpose)
  return Float32Array.from({ length }, () => rng.normal())
}

describe('WebGPU device', function () {
  this.timeout(300_000)
  let gpu: WrappedGpu
  beforeEach(async function () {
    gpu = await openOrSkip(this, {}, openWrapped)
  })
  afterEach(() => gpu?.close())

  it('multiplies with and looks up in a weight of more than 128 MiB, the default limit of a binding', async () => {
    const [o, i, n] = [70_000, 1024, 3]
    const weight = gpu.allocate('bf16', [o, i])
    // Row r is r mod 8 in its column r mod 1024, else 0.
    const bits = new Uint16Array(o * i)
    const bf16 = Uint16Array.from([0, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0])
    for (let r = 0; r < o; r++) bits[r * i + (r % i)] = bf16[r % 8]
    gpu.write(weight, bits)
    const x = fillRandom(n * i, 'x')
    const input = upload(gpu, 'f32', [n, i], x)
    const out = gpu.allocate('f32', [n, o])
    gpu.kernels.linear(out, input, weight, null)
    const y = await readF32(gpu, out)
    for (let r = 0; r < o; r += 997)
      for (let row = 0; row < n; row++)
        assert.ok(y[row * o + r] === Math.fround((r % 8) * x[row * i + (r % i)]), `row ${row}, output ${r}`)
    const picked = gpu.allocate('f32', [2, i])
    gpu.kernels.gatherRows(picked, weight, upload(gpu, 'i32', [2], Int32Array.of(o - 1, 1)), 1)
    const table = await readF32(gpu, picked)
    assert.equal(table[(o - 1) % i], (o - 1) % 8)
    assert.equal(table[i + 1], 1)
  })

  it('computes when inputs and outputs are parts of one buffer', async () => {
    const data = fillRandom(64, 'arena')
    const results = []
    for (const backend of [gpu, openReference()]) {
      const arena = upload(backend, 'f32', [64], data)
      const part = (start: number, length: number) => slice(arena, start, [length])
      // Unaligned neighbours: two gradients beside each other, their inputs in the same buffer.
      backend.kernels.gatedBackward(part(1, 5), part(6, 5), part(11, 5), part(17, 5), part(23, 5), 'silu')
      backend.kernels.add(part(30, 7), part(30, 7), part(40, 7))
      results.push(await readF32(backend, arena))
    }
    for (let e = 0; e < 64; e++) assert.ok(Math.abs(results[0][e] - results[1][e]) < 1e-6, `element ${e}`)
  })

  it('writes and reads 16-bit parts that begin inside a word', async () => {
    const whole = upload(
      gpu,
      'bf16',
      [9],
      Uint16Array.from({ length: 9 }, (_, i) => i + 1),
    )
    gpu.write(slice(whole, 3, [3]), Uint16Array.of(100, 101, 102))
    assert.deepEqual([...(await gpu.read(whole))], [1, 2, 3, 100, 101, 102, 7, 8, 9])
    assert.deepEqual([...(await gpu.read(slice(whole, 5, [3])))], [102, 7, 8])
  })

  it('gives the same bytes every time', async () => {
    const [n, c] = [300, 257]
    const x = upload(gpu, 'f32', [n, c], fillRandom(n * c, 'x'))
    const rowIds = upload(
      gpu,
      'i32',
      [n],
      Int32Array.from({ length: n }, (_, i) => i % 5),
    )
    const once = async () => {
      const out = upload(gpu, 'f32', [5, c], new Float32Array(5 * c))
      const total = upload(gpu, 'f32', [1], new Float32Array(1))
      gpu.kernels.scatterAddRows(out, x, rowIds, null)
      gpu.kernels.columnSquares(rows(out, 0, 1), x)
      gpu.kernels.sumSquares(total, x)
      return [...(await readF32(gpu, out)), ...(await readF32(gpu, total))]
    }
    assert.deepEqual(await once(), await once())
  })

  it('hands large writes on before more are made, and keeps their order', async () => {
    const length = 8 * 2 ** 20
    const x = gpu.allocate('f32', [length])
    for (let i = 0; i < 12; i++) gpu.write(x, new Float32Array(length).fill(i))
    await gpu.written?.()
    gpu.write(slice(x, 0, [1]), Float32Array.of(-1))
    const values = await readF32(gpu, x)
    assert.deepEqual([values[0], values[1], values[length - 1]], [-1, 11, 11])
    gpu.write(x, new Float32Array(length))
    gpu.loseDevice()
    await gpu.written?.()
  })

  it('says out-of-memory for what cannot fit, and continues', async () => {
    assert.throws(() => gpu.allocate('f32', [2 ** 34]), { code: 'out-of-memory' })
    await probe(gpu)
  })

  it('rejects everything after the device is lost, without hanging', async () => {
    const x = upload(gpu, 'f32', [4], new Float32Array(4))
    await gpu.sync()
    gpu.loseDevice()
    await assert.rejects(gpu.read(x), { code: 'device-lost' })
    await assert.rejects(gpu.sync(), { code: 'device-lost' })
    assert.throws(() => gpu.allocate('f32', [1]), { code: 'device-lost' })
    gpu.kernels.fill(x, 1)
    gpu.release(x)
  })

  it('keeps an error of a kernel for the next sync, then works again', async () => {
    const x = upload(gpu, 'f32', [4], new Float32Array(4))
    const gone = gpu.allocate('f32', [4])
    gpu.release(gone)
    gpu.kernels.add(gone, x, x)
    await assert.rejects(gpu.sync(), { code: 'internal' })
    await probe(gpu)
  })
})

describe('WebGPU memory', function () {
  this.timeout(300_000)

  it('throws out-of-memory at the limit it was given, and counts what is released', async function () {
    const gpu = await openOrSkip(this, { maxBytes: 1024 })
    const first = gpu.allocate('f32', [200])
    assert.throws(() => gpu.allocate('f32', [100]), { code: 'out-of-memory' })
    gpu.release(first)
    gpu.allocate('f32', [100])
    assert.equal(gpu.memory().usedBytes, 400)
    assert.equal(gpu.memory().peakBytes, 800)
    await gpu.close()
  })

  it('is what --device-memory says', async function () {
    await (await openOrSkip(this)).close()
    const backend = await openBackend({ device: 'wgpu', deviceMemory: '1GiB' })
    assert.equal(backend.memory().limitBytes, 2 ** 30)
    assert.throws(() => backend.allocate('f32', [2 ** 28 + 1]), { code: 'out-of-memory', message: /--device-memory/ })
    await backend.close()
    await assert.rejects(openBackend({ device: 'wgpu', deviceMemory: 'much' }), { code: 'usage' })
  })
})

describe('how much memory a GPU gives', function () {
  this.timeout(300_000)

  /** A device with so many bytes, as its driver would refuse more. */
  const deviceOf = (bytes: number) => {
    let [left, given] = [bytes, 0]
    const scope: (object | null)[] = []
    const device = {
      limits: { maxBufferSize: 2 ** 31 },
      queue: { submit: () => undefined, onSubmittedWorkDone: async () => undefined },
      pushErrorScope: () => undefined,
      popErrorScope: async () => scope.pop(),
      createBuffer({ size }: { size: number }) {
        const fits = size <= left
        scope.push(fits ? null : { message: 'out of memory' })
        if (fits) [left, given] = [left - size, given + size]
        return { destroy: () => void (left += size) }
      },
    }
    return { device: device as unknown as GPUDevice, left: () => left, given: () => given }
  }

  before(() => Object.assign(globalThis, { GPUBufferUsage: { STORAGE: 0x80 } }))

  it('is found by asking until it refuses, to 64 MiB, and is given back', async () => {
    for (const bytes of [0, 100 * 2 ** 20, 8 * 2 ** 30 - 12345, 79.5 * 2 ** 30]) {
      const { device, left, given } = deviceOf(bytes)
      const measured = await measureDeviceMemory(device)
      assert.equal(measured, given())
      assert.ok(bytes - measured < 2 ** 26, `${measured} of ${bytes}`)
      assert.equal(left(), bytes)
    }
  })

  it('is never asked for more than a bound', async () => {
    const { device, given } = deviceOf(2 ** 36)
    assert.equal(await measureDeviceMemory(device, 3.5 * 2 ** 30), 3.5 * 2 ** 30)
    assert.equal(given(), 3.5 * 2 ** 30)
  })

  it('is what Linux says is free for an AMD card, else what the driver gives', async () => {
    const cards = scratch().folder
    const card = (name: string, bytes: Readonly<Record<string, number>>) => {
      mkdirSync(join(cards, name, 'device'), { recursive: true })
      for (const [what, value] of Object.entries(bytes))
        writeFileSync(join(cards, name, 'device', `mem_info_${what}`), `${value}\n`)
    }
    assert.equal(await memoryBound('amd', true, 'linux', cards), Infinity)
    mkdirSync(join(cards, 'card2-DP-1'))
    mkdirSync(join(cards, 'card2'))
    card('card0', { vram_total: 512, vram_used: 12, gtt_total: 16000, gtt_used: 1000 })
    card('card1', { vram_total: 8192, vram_used: 192, gtt_total: 16000, gtt_used: 0 })
    assert.equal(await memoryBound('amd', true, 'linux', cards), 8000)
    // A processor beside a card: its own share, and what it may take of the host's memory.
    assert.equal(await memoryBound('amd', false, 'linux', cards), 500 + 15000)
    assert.equal(await memoryBound('nvidia', true, 'linux', cards), Infinity)
    assert.ok((await memoryBound('nvidia', true, 'win32', cards)) < Infinity)
  })

  it('is shared by processors with graphics', () => {
    const info = (vendor: string, description: string) =>
      ({ vendor, description, device: '', architecture: '', isFallbackAdapter: false }) as unknown as GPUAdapterInfo
    for (const [vendor, name, own] of [
      ['nvidia', 'NVIDIA H100 PCIe', true],
      ['nvidia', 'NVIDIA Tegra Orin (nvgpu)', false],
      ['amd', 'AMD Radeon RX 7900 XTX (RADV NAVI31)', true],
      ['amd', 'AMD Radeon Graphics (RADV RENOIR)', false],
      ['amd', 'AMD Radeon 780M (RADV PHOENIX)', false],
      ['amd', 'AMD Radeon RX 6800S (RADV NAVI23)', true],
      ['amd', 'Radeon 8060S Graphics (RADV GFX1151)', false],
      ['amd', 'AMD Radeon(TM) 8050S', false],
      ['amd', 'AMD Custom GPU 0405 (RADV VANGOGH)', false],
      ['intel', 'Intel(R) Arc(tm) A770 Graphics (DG2)', true],
      ['intel', 'Intel(R) Arc(TM) Pro B60 Graphics', true],
      ['intel', 'Intel(R) Arc(tm) Graphics (MTL)', false],
      ['intel', 'Intel(R) Arc(tm) 140V GPU (LNL)', false],
      ['intel', 'Intel(R) Iris(R) Xe Graphics (TGL GT2)', false],
    ] as const)
      assert.equal(hasOwnMemory(info(vendor, name)), own, name)
  })

  it('is asked for in buffers of 2 GiB at most where AMD drives Windows, and bound by 256 MiB at most on Qualcomm’s', () => {
    const limits = { maxBufferSize: 2 ** 33, maxStorageBufferBindingSize: 2 ** 32 - 4 }
    const adapter = (vendor: string) => ({ info: { vendor }, features: new Set(), limits }) as unknown as GPUAdapter
    const asked = (vendor: string, platform: NodeJS.Platform) =>
      (['maxBufferSize', 'maxStorageBufferBindingSize'] as const).map(
        (limit) => deviceRequest(adapter(vendor), false, platform).requiredLimits[limit],
      )
    assert.deepEqual(asked('amd', 'win32'), [2 ** 31 - 4, 2 ** 31 - 4])
    for (const [vendor, platform] of [
      ['amd', 'linux'],
      ['nvidia', 'win32'],
    ] as const)
      assert.deepEqual(asked(vendor, platform), [2 ** 33, 2 ** 32 - 4])
    assert.deepEqual(asked('qualcomm', 'win32'), [2 ** 33, 2 ** 28])
  })

  it('is asked once for an adapter and a driver; a broken cache costs a measurement', async () => {
    const temp = scratch().folder
    const file = join(temp, 'deep', 'device-memory.json')
    let asked = 0
    const measure = async () => ++asked * 2 ** 30
    assert.equal(await knownDeviceMemory('a / 1', measure, file), 2 ** 30)
    assert.equal(await knownDeviceMemory('a / 1', measure, file), 2 ** 30)
    assert.equal(await knownDeviceMemory('a / 2', measure, file), 2 ** 31)
    const day = 24 * 3600 * 1000
    assert.equal(await knownDeviceMemory('a / 1', measure, file, Date.now() + day / 2), 2 ** 30)
    assert.equal(await knownDeviceMemory('a / 1', measure, file, Date.now() + day + 1), 3 * 2 ** 30)
    for (const text of ['', '{', '[]', 'null', '{"a / 1":"8GB"}', '{"a / 1":-1}', '{"a / 1":{"bytes":"8GB"}}']) {
      writeFileSync(file, text)
      asked = 2
      assert.equal(await knownDeviceMemory('a / 1', measure, file), 3 * 2 ** 30)
    }
  })
})

describe('WebGPU without a device', function () {
  this.timeout(300_000)

  it('never takes the null backend for one that computes', async () => {
    const gpu = await openWebGpu({ flags: ['backend=null'] })
    await assert.rejects(probe(gpu), { code: 'unsupported' })
    await gpu.close()
  })

  it('rejects with the adapters there are when the one asked for is not among them', async () => {
    await assert.rejects(openWebGpu({ flags: ['adapter=no such adapter'] }), { code: 'unsupported' })
  })

  it('lets the process end by itself with a device open', function () {
    const { status, signal } = spawnSync(process.execPath, childArguments('openGpuChild'))
    assert.deepEqual({ status, signal }, { status: 0, signal: null })
  })
})
