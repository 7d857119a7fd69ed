// No workgroup of a dispatch may depend on another, and no lane of a workgroup on when another comes between two barriers: every
// kernel gives the same bytes when workgroups and lanes come in other orders.
import assert from 'node:assert/strict'
import { upload } from '../../../../src/engine/compute/backend.ts'
import { requestAdapter, requestDevice } from '../../../../src/engine/compute/webgpu/adapter.ts'
import { maskWords } from '../../../../src/catalog/formats/maskFile.ts'
import type { Tensor } from '../../../../src/engine/compute/tensor.ts'
import { madeVariants } from '../../../../src/engine/compute/webgpu/shader.ts'
import type { HostArray } from '../../../../src/engine/dtype.ts'
import { EngineError } from '../../../../src/engine/errors.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import { openGpuSession, type GpuSession } from '../../../support/gpuSession.ts'
import { lacks } from '../../../support/skip.ts'
import { groups, largestOfEach } from '../cases/index.ts'
import { runCase } from '../cases/opCase.ts'

/** A new order is a new text of every shader, which lavapipe compiles for a minute the first time. */
const torture = process.env.SPARSESCOPE_TORTURE === '1'
/** lavapipe then has subgroups of four lanes. This run of the file has the drawn order, the other one the reversed. */
const isNarrow = process.env.LP_NATIVE_VECTOR_WIDTH === '128'
const seeds = torture ? [1, 2, 3, 4, 5, 6, 7, 8] : isNarrow ? [1] : []

/** WGSL: the place of workgroup i among n in another order, each of them a permutation for every n. */
const orders: Readonly<Record<string, string>> = {
  ...((torture || !isNarrow) && { reversed: 'return n - 1u - i;' }),
  ...Object.fromEntries(seeds.map((seed) => [`drawn by ${seed}`, drawn(seed)])),
}

/** Steps of a random width around the ring of n: a prime above every n, which is at most 65,535, so that no product overflows. */
function drawn(seed: number): string {
  const rng = createRng(seed, 'order of workgroups')
  const isPrime = (x: number) => Array.from({ length: Math.sqrt(x) - 1 }, (_, i) => i + 2).every((d) => x % d !== 0)
  let prime = 2 ** 16 + rng.below(2 ** 24)
  while (!isPrime(prime)) prime++
  return `return (i * (${prime}u % n) + ${rng.below(2 ** 31)}u % n) % n;`
}

/** The shader with its workgroups in another order. The new number is as uniform as the old, so that barriers stay allowed. */
function reordered(code: string, order: string): string {
  const own = '@builtin(workgroup_id) group: vec3u'
  if (!code.includes(own)) return code
  const count = code.includes('@builtin(num_workgroups) groups: vec3u')
    ? ''
    : ', @builtin(num_workgroups) groups: vec3u'
  const main = code.indexOf('fn main(')
  const body = code.indexOf('{', main) + 1
  const head = code.slice(0, body).replace(own, `@builtin(workgroup_id) ownGroup: vec3u${count}`)
  const moved = ['x', 'y', 'z'].map((axis) => `placeOf(ownGroup.${axis}, groups.${axis})`)
  return `${head}\n  let group = vec3u(${moved.join(', ')});${code.slice(body)}\nfn placeOf(i: u32, n: u32) -> u32 {\n  ${order}\n}\n`
}

/**
 * The shader with the lanes of each workgroup in another order. Where subgroups count, a lane's number is the driver's: those stay.
 * Lane i does the work of lane n − 1 − i, or of i times an odd number, which permutes the powers of two that workgroups have.
 */
function withLanes(code: string, order: 'reversed' | 'scattered'): string {
  const own = /@builtin\(local_invocation_index\) (\w+): u32/.exec(code)
  const size = /@workgroup_size\((\d+)\)/.exec(code)
  if (!own || !size || code.includes('enable subgroups')) return code
  const lanes = Number(size[1])
  const main = code.indexOf('fn main(')
  const body = code.indexOf('{', main) + 1
  const head = code.slice(0, body).replace(own[0], '@builtin(local_invocation_index) ownLane: u32')
  const place = order === 'reversed' ? `${lanes - 1}u - ownLane` : `(ownLane * 37u + 5u) % ${lanes}u`
  return `${head}\n  let ${own[1]} = ${place};${code.slice(body)}`
}

/** What the operations of pruning leave, at sizes of several workgroups. */
async function pruned(gpu: GpuSession): Promise<Map<string, HostArray>> {
  const rng = createRng(3, 'races')
  const random = (rows: number, columns: number) =>
    upload(
      gpu,
      'f32',
      [rows, columns],
      Float32Array.from({ length: rows * columns }, () => rng.normal()),
    )
  const results = new Map<string, HostArray>()
  const [rows, columns] = [300, 192]
  const weight = random(rows, columns)
  const tied = upload(
    gpu,
    'f32',
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => (i * 7) % 5),
  )
  const mask = () => upload(gpu, 'u32', [rows, maskWords(columns)], new Uint32Array(rows * maskWords(columns)))
  const keep = async (name: string, body: (mask: Tensor) => Promise<unknown>) => {
    const bits = mask()
    await body(bits)
    results.set(name, await gpu.read(bits))
  }
  await keep('rows', (bits) => gpu.prune.maskRows(bits, weight, null, 90, false))
  await keep('groups', (bits) => gpu.prune.maskGroups(bits, weight, null, { n: 2, m: 4 }))
  const scored = { weight: tied, scale: null, columns: null }
  await keep('below', (bits) => gpu.prune.maskBelow(bits, scored, { score: 2, place: 2 ** 29, ties: 5000 }))
  await keep('smallest', async (bits) => gpu.prune.maskSmallest?.(bits, gpu.allocate('u32', [1]), scored, 20000, false))
  const counts = new Float64Array(256)
  await gpu.prune.countScores(counts, { ...scored, weight }, { shift: 23, bits: 8, prefix: 0, within: null })
  results.set('counts', Float32Array.from(counts))
  const n = 300
  const h = Float32Array.from({ length: n * n }, (_, i) => 1 / (1 + Math.abs(Math.floor(i / n) - (i % n))))
  const upper = gpu.allocate('f32', [n, n])
  const diagonal = upload(gpu, 'f32', [n], new Float32Array(n).fill(3))
  assert.equal(await gpu.prune.inverseFactor(upper, upload(gpu, 'f32', [n, n], h), diagonal), true)
  results.set('factor', await gpu.read(upper))
  const [swept, bits, losses] = [
    random(rows, n),
    upload(gpu, 'u32', [rows, maskWords(n)], new Uint32Array(rows * maskWords(n))),
    upload(gpu, 'f32', [rows], new Float32Array(rows)),
  ]
  const inverseDiagonal = upload(gpu, 'f32', [1, n], new Float32Array(n).fill(0.5))
  const columnsSwept = { start: 32, end: 160 }
  await gpu.prune.sparseGptBlock(swept, bits, losses, { upper, inverseDiagonal }, columnsSwept, { n: 2, m: 4 })
  for (const [name, tensor] of Object.entries({ swept, bits, losses })) results.set(name, await gpu.read(tensor))
  // Every second weight is kept.
  const half = upload(gpu, 'u32', [rows, maskWords(n)], new Uint32Array(rows * maskWords(n)).fill(0x55555555))
  const [gram, own] = [upload(gpu, 'f32', [n, n], h), random(rows, n)]
  const { after, swaps } = await gpu.prune.swapRows(half, own, own, gram, { most: 20, group: 0 }, null)
  for (const [name, figures] of Object.entries({ after, swaps })) results.set(name, Float32Array.from(figures))
  results.set('swapped', await gpu.read(half))
  return results
}

/** Where two tensors differ in their bytes, and how; null where they do not. */
function firstDifference(a: HostArray | undefined, b: HostArray): string | null {
  if (!a) return 'is missing'
  const bytesOf = (x: HostArray) => Buffer.from(x.buffer, x.byteOffset, x.byteLength)
  if (bytesOf(a).equals(bytesOf(b))) return null
  const at = b.findIndex((value, i) => !Object.is(value, a[i]))
  return `${a[at]} for ${b[at]} at ${at} of ${b.length}`
}

const casesOf = (products: keyof Opened) =>
  products === 'auto'
    ? largestOfEach
    : [...groups.products, ...groups.adapters].filter(({ name }) => ofProducts[products].test(name))

type Opened = Readonly<Record<'auto' | 'portable' | 'smallTiles' | 'largeTiles', GpuSession>>

/** What all kernels leave, and those of products once more with the shaders that other adapters take. */
async function everything(sessions: Opened): Promise<Map<string, HostArray>> {
  const results = await pruned(sessions.auto)
  for (const [products, gpu] of Object.entries(sessions))
    for (const c of casesOf(products as keyof Opened))
      for (const [name, data] of await runCase(gpu, c)) results.set(`${products}, ${c.name}: ${name}`, data.slice())
  return results
}

/** With whole vectors and without, with sums of one part and of several. lavapipe compiles tiles for seconds each: one case a shader. */
const oneOfEachTile =
  /^(linear 132×68→260 (f32|bf16)|linearBackwardInput 132×68→36 f32 alike|loraWeight 136×196 .* f32 masked|loraBackward 20: 136.*masked)/
/** Narrow tiles are one template at several widths, and take lavapipe the longest: a few of them are enough. */
const narrow = torture ? /132×132|×132→132/ : /132×132→8 f32|60×132→132 bf16/
const others = /alike|gatedLinears|→21|132×68|136|2560|66×70×300 |20×36|4×1100/
const ofProducts = {
  portable: new RegExp(`${narrow.source}|${others.source}`),
  smallTiles: oneOfEachTile,
  largeTiles: oneOfEachTile,
}

describe('workgroups of a dispatch', function () {
  this.timeout(1_200_000)
  const sessions: GpuSession[] = []
  const open = async (rewrite: (code: string) => string): Promise<Opened> => {
    const one = async (products: keyof Opened) => {
      const gpu = await openGpuSession(rewrite, products)
      sessions.push(gpu)
      return gpu
    }
    const [auto, portable] = [await one('auto'), await one('portable')]
    return { auto, portable, smallTiles: await one('smallTiles'), largeTiles: await one('largeTiles') }
  }
  let expected: Map<string, HostArray>
  before(async function () {
    const opened = await open((code) => code).catch((error: unknown) => {
      if (error instanceof EngineError && error.code === 'unsupported') return lacks(this, error.message)
      throw error
    })
    expected = await everything(opened)
    // Also those of other adapters are seen where their shapes ask for them; tensor cores are no adapter's without a GPU.
    const left = new Set(
      madeVariants
        .map(({ shader }) => shader.name)
        .filter((name) => !Object.values(opened).some(({ compiled }) => compiled.has(name))),
    )
    // The kernels for small subgroups are for those of eight lanes: lavapipe with vectors of 128 bits has four.
    const notHere = [isNarrow ? /^gemm(Tensor|Small)/ : /^gemmTensor/, ...(torture ? [] : [/^gemmTiled(\d+x\d+|32)by/])]
    assert.deepEqual(
      [...left].filter((name) => !notHere.some((one) => one.test(name))),
      [],
      'shaders that no case here runs',
    )
  })
  after(() => sessions.forEach((gpu) => gpu.close()))

  for (const [name, order] of Object.entries(orders)) {
    it(`come ${name}, each once, by the rewritten shader`, async () => {
      const device = await requestDevice(await requestAdapter([]))
      const code = `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  y[ownGroup.x] = group.x;
}`
      const module = device.createShaderModule({ code: reordered(code, order) })
      const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } })
      for (const n of [1, 2, 3, 64, 65, 65535]) {
        const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC
        const [y, host] = [
          device.createBuffer({ size: 4 * n, usage }),
          device.createBuffer({ size: 4 * n, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }),
        ]
        const encoder = device.createCommandEncoder()
        const pass = encoder.beginComputePass()
        pass.setPipeline(pipeline)
        const entries = [{ binding: 0, resource: { buffer: y } }]
        pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }))
        pass.dispatchWorkgroups(n)
        pass.end()
        encoder.copyBufferToBuffer(y, 0, host, 0, 4 * n)
        device.queue.submit([encoder.finish()])
        await host.mapAsync(GPUMapMode.READ)
        const places = [...new Uint32Array(host.getMappedRange())]
        const inOrder = Array.from({ length: n }, (_, i) => i)
        assert.deepEqual(
          [...places].sort((a, b) => a - b),
          inOrder,
        )
        if (n > 3) assert.notDeepEqual(places, inOrder)
      }
      device.destroy()
    })

    const lanes = name === 'reversed' ? 'reversed' : 'scattered'
    it(`do not depend on each other: ${name}, with their lanes ${lanes}, they give the same bytes`, async () => {
      let changed = 0
      const found = await everything(
        await open((code) => {
          const other = withLanes(code, lanes)
          if (other !== code) changed++
          return reordered(other, order)
        }),
      )
      assert.ok(changed > 40, `${changed} shaders`)
      for (const [what, bytes] of expected) assert.equal(firstDifference(found.get(what), bytes), null, what)
    })
  }
})
