// The GPU's thread: opens the device, then executes requests one after the other. Run as a process of its own, it opens each
// adapter as a backend does and prints each result immediately (survey.ts), since a driver may crash the process.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { writeSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import {
  adapterName,
  adapterNames,
  deviceRequest,
  hasOwnMemory,
  hasSmallSubgroups,
  isSoftware,
  largeTilesOf,
  requestAdapter,
  requestDevice,
  tensorCoresOf,
} from './adapter.ts'
import { tensorProducts, tensorTile } from './ops/gemm/tensorCores.ts'
import {
  type Command,
  type Failure,
  type GpuFacts,
  type OpenRequest,
  type Reply,
  type Request,
  usualRequest,
} from './protocol.ts'
import { asFailure, Session } from './session.ts'
import type { SurveyedAdapter, SurveyRequest } from './survey.ts'
import type { Tensor } from '../tensor.ts'

const port = parentPort
const reply = (message: Reply, transfer: ArrayBuffer[] = []) => port?.postMessage(message, transfer)

/** Bytes that a binding's alignment and its padding to whole vectors may need. */
const windowSlack = 512
/** Most bytes of a tensor in one elementwise dispatch. */
const windowCeiling = 256 * 2 ** 20

async function open(request: OpenRequest): Promise<{ session: Session; facts: GpuFacts }> {
  const { flags, windowBytes, reachBytes, products, plain, flopsPerSecond, exactBindings } = request
  const adapter = await requestAdapter(flags, plain)
  const device = await requestDevice(adapter, plain)
  const { info } = adapter
  const most = device.limits.maxStorageBufferBindingSize - windowSlack
  const within = (bytes: number) => Math.floor(Math.min(bytes, most) / 256) * 256
  const smallSubgroups =
    products === 'auto' ? hasSmallSubgroups(adapter) : products === 'smallSubgroups' && device.features.has('subgroups')
  const listedCores = plain ? null : tensorCoresOf(adapter)
  const cores = products === 'tensorCores' ? listedCores : null
  if (products === 'tensorCores' && !cores)
    throw new EngineError('unsupported', `${adapterName(info)} lists no tensor cores with f32 sums`)
  lost = device.lost.then(({ reason, message }) => {
    if (closing) return
    // Dawn loses the device if memory runs out during a command rather than at an allocation.
    const resume = /memory|MakeResident/i.test(message)
      ? 'resume the run with less of --device-memory'
      : 'resume the run'
    die({
      code: 'device-lost',
      message: `the GPU was lost (${reason}: ${message || 'no reason given'}). What was saved is whole: ${resume}, or start again with --device cpu`,
    })
  })
  const session = new Session(device, {
    windowBytes: within(windowBytes ?? windowCeiling),
    reachBytes: within(reachBytes ?? most),
    smallSubgroups,
    largeTiles: largeTilesOf(info, device.limits, products),
    flopsPerSecond,
    exactBindings,
    tensorProducts: cores && tensorProducts(cores),
  })
  // Dawn hides f16 on NVIDIA because of wrong results there, so one product on tensor cores is checked first.
  if (cores) await secondsOf(session, tensorTile)
  return {
    session,
    facts: {
      description: adapterName(info),
      details: {
        adapter: adapterName(info),
        vendor: info.vendor,
        architecture: info.architecture,
        software: isSoftware(info),
        subgroupSizes: `${info.subgroupMinSize ?? '?'} to ${info.subgroupMaxSize ?? '?'}`,
        products: cores ? 'tensor cores' : smallSubgroups ? 'small subgroups' : 'portable',
        maxBindingBytes: device.limits.maxStorageBufferBindingSize,
      },
      // What was requested: an adapter may list more. Buffers have sizes in multiples of 16 bytes.
      maxBufferBytes: Math.floor(deviceRequest(adapter, plain).requiredLimits.maxBufferSize / 16) * 16,
      ownMemory: hasOwnMemory(info),
      identity: [info.vendor, info.architecture, info.device, info.description].join(' / '),
      kernels: session.kernelNames,
    },
  }
}

let closing = false
/** Settles after the device is destroyed or lost. */
let lost: Promise<void> = Promise.resolve()
let dead: Failure | null = null

function die(failure: Failure): void {
  dead ??= failure
  reply({ type: 'dead', failure })
}

function close(session: Session): Promise<void> {
  closing = true
  session.close()
  return lost
}

/** Ends this thread from a timer: Dawn aborts the process if the thread exits inside one of Dawn's callbacks. */
function leave(): void {
  setTimeout(() => process.exit(0), 1)
}

/** Executes a request. One with `ids` is answered with the first failure that was not reported yet, if any. */
async function handle(session: Session, request: Request): Promise<void> {
  const { commands, ids, type } = request
  let found: readonly unknown[] = []
  try {
    if (type === 'close') await close(session)
    else if (type === 'sync') await session.sync(commands)
    else found = await session.execute(commands, type === 'read' ? request.tensors : [])
    if (type === 'measure') found = [await session.measureMemory(request.most)]
  } catch (error) {
    session.fail(asFailure(error))
  }
  const bytes = commands.reduce((sum, command) => sum + (command.do === 'write' ? command.data.byteLength : 0), 0)
  if (bytes > 0) reply({ type: 'written', bytes })
  const failure = ids.length > 0 ? (dead ?? session.takeFailure()) : null
  ids.forEach((id, i) => {
    const data = found[i]
    if (failure) reply({ type: 'failed', id, failure })
    else reply({ type: 'done', id, data }, ArrayBuffer.isView(data) ? [data.buffer as ArrayBuffer] : [])
  })
  if (type === 'close') leave()
}

async function serve(from: MessagePort): Promise<void> {
  const { session, facts } = await open(workerData as OpenRequest)
  let last = Promise.resolve()
  from.on('message', (request: Request) => {
    last = last.then(() => handle(session, request))
  })
  reply({ type: 'done', id: 0, data: facts })
}

/** Opens each adapter as a backend's thread does. Prints null facts for one that fails; opening it again reports the reason. */
async function answerSurvey({ settled, plain }: SurveyRequest): Promise<void> {
  const names = await adapterNames().catch(() => null)
  print({ names })
  for (const name of new Set(names)) {
    if (settled.includes(name)) continue
    print({ opens: name })
    print({ facts: await surveyed([`adapter=${name}`], plain.includes(name)).catch(() => null) })
  }
  leave()
}

function print(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

async function surveyed(flags: string[], plain: boolean): Promise<SurveyedAdapter> {
  closing = false
  const { session, facts } = await open({ ...usualRequest, flags, plain })
  const flopsPerSecond = await measureRate(session)
  await close(session)
  const { ownMemory, maxBufferBytes, details } = facts
  return { software: details.software === true, ownMemory, maxBufferBytes, flopsPerSecond }
}

/** Sides of the products: each takes eight times as long as the one before. */
const sides = [256, 512, 1024, 2048, 4096]
/** Seconds that a trial may take. */
const longest = 0.1

/** Floating point operations per second of f32 products, from the largest quick one. @throws EngineError 'unsupported' for wrong ones. */
async function measureRate(session: Session): Promise<number> {
  // The first product includes the compilation of the shader.
  await secondsOf(session, sides[0])
  let rate = 0
  for (const n of sides) {
    const flops = 2 * n ** 3
    if (rate > 0 && flops / rate > longest) break
    // The better of two runs: other programs may use the GPU too.
    const seconds = Math.min(await secondsOf(session, n), await secondsOf(session, n))
    rate = flops / Math.max(1e-6, seconds)
  }
  return rate
}

async function secondsOf(session: Session, n: number): Promise<number> {
  const square = { dtype: 'f32', shape: [n, n], offset: 0, length: n * n } as const
  const [out, a, b] = [1, 2, 3].map((buffer): Tensor => ({ buffer, ...square }))
  const all = [out, a, b].map(({ buffer }) => buffer)
  const fill = (tensor: Tensor): Command => ({ do: 'call', kernel: 'fill', args: [tensor, 0.5] })
  const allocate = all.map((buffer): Command => ({ do: 'allocate', buffer, bytes: 4 * n * n }))
  await session.execute([...allocate, fill(a), fill(b)])
  await session.sync()
  const start = performance.now()
  await session.execute([{ do: 'call', kernel: 'linear', args: [out, a, b, null] }])
  await session.sync()
  const seconds = (performance.now() - start) / 1000
  const first = (await session.execute([], [{ ...out, shape: [1], length: 1 }])).at(0)?.[0]
  await session.execute(all.map((buffer) => ({ do: 'release', buffer })))
  if (first !== n / 4) throw new EngineError('unsupported', `a product of halves gave ${first} for ${n / 4}`)
  return seconds
}

try {
  await (port ? serve(port) : answerSurvey(JSON.parse(process.argv[2]) as SurveyRequest))
} catch (error) {
  die(asFailure(error))
  leave()
}
