// TFLOP/s of products of linears, beside the card's own peaks and torch on the same card.
import { spawnSync } from 'node:child_process'
import { upload, type Backend } from '../../../src/engine/compute/backend.ts'
import { openWebGpu } from '../../../src/engine/compute/webgpu/backend.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { rounded, timed, type Part } from './part.ts'

/** [tokens, in, out]: linears of OPT-1.3B, LLaMA-7B and OPT-30B, and a square. */
const large = [
  [2048, 2048, 8192],
  [2048, 4096, 11008],
  [2048, 7168, 28672],
  [4096, 4096, 4096],
] as const
const little = [
  [128, 128, 256],
  [256, 256, 256],
] as const

/** Vendors' figures, TFLOP/s: f32 outside tensor cores, and 16-bit inputs with f32 sums on them, dense. */
const peaks: readonly (readonly [RegExp, number, number])[] = [
  [/h100.*pcie/i, 51, 756],
  [/h100|h200/i, 67, 989],
  [/a100/i, 19.5, 312],
  [/l40/i, 91.6, 362],
  [/\bl4\b/i, 30.3, 121],
  [/4090/i, 82.6, 165],
  [/3090/i, 35.6, 71],
  [/\bt4\b/i, 8.1, 65],
]

const torchProgram = `
import json, sys, time, torch
if not torch.cuda.is_available(): sys.exit(3)
torch.backends.cuda.matmul.allow_tf32 = False
result = {"torch": torch.__version__, "card": torch.cuda.get_device_name(0)}
for name in ("float32", "bfloat16"):
    rates = []
    for n, k, m in json.loads(sys.argv[1]):
        x, w = (torch.rand(s, device="cuda").to(getattr(torch, name)) for s in ((n, k), (m, k)))
        for _ in range(3): x @ w.T
        torch.cuda.synchronize(); start = time.perf_counter()
        for _ in range(20): x @ w.T
        torch.cuda.synchronize(); rates.append(20 * 2e-12 * n * k * m / (time.perf_counter() - start))
    result[name] = rates
print(json.dumps(result))
`

function torchRates(shapes: readonly (readonly number[])[]): object | null {
  for (const python of [process.env.PYTHON, 'python3'].filter((name) => name !== undefined)) {
    const { status, stdout } = spawnSync(python, ['-c', torchProgram, JSON.stringify(shapes)], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    if (status === 0) return JSON.parse(stdout) as object
  }
  return null
}

async function rate(backend: Backend, dtype: 'f32' | 'bf16', [n, k, m]: readonly [number, number, number]) {
  const x = backend.allocate('f32', [n, k])
  const weight = backend.allocate(dtype, [m, k])
  const out = backend.allocate('f32', [n, m])
  backend.kernels.fill(x, 0.5)
  backend.kernels.fill(weight, 0.25)
  const run = (count: number) => () => {
    for (let i = 0; i < count; i++) backend.kernels.linear(out, x, weight, null)
  }
  const once = await timed(backend, run(1)).then(() => timed(backend, run(1)))
  const count = Math.max(1, Math.min(50, Math.ceil(0.5 / once)))
  const seconds = await timed(backend, run(count))
  for (const tensor of [x, weight, out]) backend.release(tensor)
  return (2e-12 * n * k * m * count) / seconds
}

/** The products on tensor cores, checked against f64 and timed; why not, where the adapter has none. */
async function onTensorCores(adapter: string | undefined, shapes: readonly (readonly [number, number, number])[]) {
  let device: Backend
  try {
    device = await openWebGpu({ products: 'tensorCores', flags: adapter ? [`adapter=${adapter}`] : [] })
  } catch (error) {
    return { none: error instanceof Error ? error.message : String(error) }
  }
  try {
    const error = await productError(device)
    const rates = []
    for (const shape of shapes) rates.push(rounded(await rate(device, 'bf16', shape)))
    return { largest_error: error, right: error < 2e-3, bf16_weights_tflops: rates }
  } finally {
    await device.close()
  }
}

/** Largest error of a ragged product of normal numbers, in shares of the largest result: f16 inputs give about 1e-3. */
async function productError(device: Backend): Promise<number> {
  const [n, k, m] = [97, 203, 131]
  const rng = createRng(5, 'tensor cores')
  const [x, w] = [n * k, m * k].map((length) => Float32Array.from({ length }, rng.normal))
  const out = device.allocate('f32', [n, m])
  device.kernels.linear(out, upload(device, 'f32', [n, k], x), upload(device, 'f32', [m, k], w), null)
  const found = await device.read(out)
  let [error, largest] = [0, 0]
  for (let i = 0; i < n * m; i++) {
    let sum = 0
    for (let j = 0; j < k; j++) sum += x[Math.floor(i / m) * k + j] * w[(i % m) * k + j]
    error = Math.max(error, Math.abs(found[i] - sum))
    largest = Math.max(largest, Math.abs(sum))
  }
  return rounded(error / largest)
}

export const gemm: Part = async ({ backend, adapter, small }) => {
  const shapes = small ? little : large
  const torch = small ? null : torchRates(shapes)
  const card = JSON.stringify([backend.info, torch])
  const [, f32Peak = null, tensorPeak = null] = peaks.find(([name]) => name.test(card)) ?? []
  const rows = []
  for (const shape of shapes) {
    const [f32, bf16] = [await rate(backend, 'f32', shape), await rate(backend, 'bf16', shape)]
    rows.push({
      shape,
      f32_tflops: rounded(f32),
      bf16_weights_tflops: rounded(bf16),
      share_of_f32_peak: f32Peak && rounded(f32 / f32Peak, 3),
      share_of_tensor_peak: tensorPeak && rounded(bf16 / tensorPeak, 3),
    })
  }
  const tensor_cores = await onTensorCores(adapter, shapes)
  return {
    products: backend.info.details.products,
    tensor_cores,
    f32_peak: f32Peak,
    tensor_peak: tensorPeak,
    rows,
    torch,
  }
}
