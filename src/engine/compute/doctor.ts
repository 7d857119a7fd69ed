// Facts about the machine's devices for `doctor`. Reading adapters runs driver code, which may crash: call `inspectAdapters`
// in a separate process.
import { EngineError } from '../errors.ts'
import type { Backend, Precision } from './backend.ts'
import { openCpu } from './cpu/open.ts'
import { probe } from './open.ts'
import {
  adapterName,
  adapterNames,
  deviceRequest,
  isSoftware,
  requestAdapter,
  tensorCoresOf,
} from './webgpu/adapter.ts'
import { openWebGpu, type WebGpuOptions } from './webgpu/backend.ts'
import { byStrength, deathsIn, surveyAdapters, type AdapterRecord, type SurveyOptions } from './webgpu/survey.ts'

export interface AdapterFacts {
  name: string
  vendor: string
  architecture: string
  software: boolean
  /** true if the adapter computes and returns correct results; else the reason why not. */
  computes: true | string
  subgroupSizes: [min: number, max: number] | null
  /** Features that present or future kernels can use. */
  features: string[]
  /** Shapes of products on tensor cores with f16 inputs and f32 sums, such as 16x16x16; null when there are none. */
  tensorCores: string | null
  /** What a device is asked for, which for some drivers is less than the adapter lists. */
  limits: { maxBufferBytes: number; maxBindingBytes: number; workgroupBytes: number }
}

const shownFeatures = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix', 'timestamp-query']

export interface InspectedAdapters {
  adapters: AdapterFacts[]
  /** Sentences that say how drivers crashed and what is done instead. */
  adapterDeaths: string[]
}

/** All adapters that Dawn sees and that can be used, the strongest first. Rejects with `unsupported` and why where none can be asked. */
export async function inspectAdapters(options: SurveyOptions = {}): Promise<InspectedAdapters> {
  const survey = await surveyAdapters(options)
  if ('failed' in survey) {
    await adapterNames()
    const message = `the process that asks the graphics drivers did not start, or failed by itself (${survey.failed})`
    throw new EngineError('unsupported', message)
  }
  const adapters: AdapterFacts[] = []
  for (const record of byStrength(survey.adapters)) adapters.push(await inspectAdapter(record))
  return { adapters, adapterDeaths: deathsIn(survey) }
}

async function inspectAdapter({ name, access }: AdapterRecord): Promise<AdapterFacts> {
  const [flags, plain] = [[`adapter=${name}`], access === 'plain']
  const adapter = await requestAdapter(flags, plain)
  const { info, features } = adapter
  const { requiredLimits } = deviceRequest(adapter, plain)
  const cores = plain ? null : tensorCoresOf(adapter)
  const { subgroupMinSize: min, subgroupMaxSize: max } = info
  return {
    name: adapterName(info),
    vendor: info.vendor,
    architecture: info.architecture,
    software: isSoftware(info),
    computes: await computes({ flags, plain }),
    subgroupSizes: min && max ? [min, max] : null,
    features: shownFeatures.filter((feature) => features.has(feature)),
    tensorCores: cores && `${cores.shape.m}x${cores.shape.n}x${cores.shape.k}`,
    limits: {
      maxBufferBytes: requiredLimits.maxBufferSize,
      maxBindingBytes: requiredLimits.maxStorageBufferBindingSize,
      workgroupBytes: requiredLimits.maxComputeWorkgroupStorageSize,
    },
  }
}

async function computes(request: WebGpuOptions): Promise<true | string> {
  try {
    const gpu = await openWebGpu(request)
    try {
      await probe(gpu)
    } finally {
      await gpu.close()
    }
    return true
  } catch (error) {
    if (error instanceof EngineError) return error.message
    throw error
  }
}

export interface CpuFacts {
  description: string
  threads: number
  blas: { name: string; path: string; config: string } | null
  /** The reason why there is no BLAS. */
  note: string
  /** Rate of a product [256,1024]·[1024,1024]ᵀ with all threads. */
  blasGflops: number | null
  /** Products of bf16; null where there are none. */
  bf16: { name: string; path: string; gflops: number } | null
  /** The reason why there are no products of bf16, or slower ones than oneDNN can offer; else empty. */
  bf16Note: string
  wasmGflops: number
}

export async function inspectCpu(): Promise<CpuFacts> {
  const best = await openCpu()
  const { description, details } = best.info
  const hasBlas = details.blas !== 'none'
  const blasGflops = hasBlas ? await productRate(best, 'f32') : null
  const bf16 = best.traits.bf16Products
    ? {
        name: `oneDNN ${details.oneDnn}`,
        path: String(details.oneDnnPath),
        gflops: await productRate(best, 'bf16'),
      }
    : null
  await best.close()
  const wasm = await openCpu({ blas: 'none' })
  const wasmGflops = await productRate(wasm, 'f32')
  await wasm.close()
  return {
    description,
    threads: Number(details.threads),
    blas: hasBlas
      ? { name: String(details.blas), path: String(details.blasPath), config: String(details.blasConfig) }
      : null,
    note: hasBlas ? '' : String(details.blasConfig),
    blasGflops,
    bf16,
    bf16Note: bf16 && details.oneDnnPacked ? '' : String(details.oneDnnNote),
    wasmGflops,
  }
}

/** GFLOP/s, the best of a few tries of some milliseconds. */
async function productRate(backend: Backend, dtype: Precision): Promise<number> {
  const [n, i, o] = [256, 1024, 1024]
  const out = backend.allocate('f32', [n, o])
  const [input, weight] = [n, o].map((rows) => {
    const tensor = backend.allocate(dtype, [rows, i])
    backend.kernels.fill(tensor, 0.5)
    return tensor
  })
  let best = Infinity
  for (let attempt = 0; attempt < 5; attempt++) {
    const start = performance.now()
    backend.kernels.linear(out, input, weight, null)
    await backend.sync()
    best = Math.min(best, performance.now() - start)
  }
  return (2 * n * i * o) / best / 1e6
}
