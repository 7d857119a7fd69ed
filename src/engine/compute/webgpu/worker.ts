// The GPU's thread: opens the device, then executes requests one after the other. As a process of its own it
// does with each adapter what a backend does, and prints what it saw (survey.ts): a driver may end it before.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { writeSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import {
  adapterName,
  adapterNames,
  computesF16,
  hasOwnMemory,
  hasSmallSubgroups,
  isSoftware,
  largeTilesOf,
  requestAdapter,
  requestDevice,
  tensorCoresOf,
} from './adapter.ts'
import { tensorProducts } from './ops/gemm/tensorCores.ts'
import type { Command, Failure, GpuFacts, OpenRequest, Reply, Request } from './protocol.ts'
import { asFailure, Session } from './session.ts'
import type { SurveyedAdapter, SurveyRequest } from './survey.ts'
import type { Tensor } from '../tensor.ts'

const port = parentPort
const reply = (message: Reply, transfer: ArrayBuffer[] = []) => port?.postMessage(message, transfer)

/** Room that a binding's alignment and the padding to whole vectors may need. */
const windowSlack = 512
/** Most bytes of one elementwise dispatch. */
const windowCeiling = 256 * 2 ** 20

async function open(request: OpenRequest): Promise<{ session: Session; facts: GpuFacts }> {
  const { flags, windowBytes, reachBytes, products, plain, flopsPerSecond, exactBindings } = request
  const adapter = await requestAdapter(flags, plain)
  const device = await requestDevice(adapter, plain)
  const { info, limits } = adapter
  const most = device.limits.maxStorageBufferBindingSize - windowSlack
  const within = (bytes: number) => Math.floor(Math.min(bytes, most) / 256) * 256
  const smallSubgroups =
    products === 'auto' ? hasSmallSubgroups(adapter) : products === 'smallSubgroups' && device.features.has('subgroups')
  const listedCores = plain ? null : tensorCoresOf(adapter)
  const cores = products === 'tensorCores' ? listedCores : null
  if (products === 'tensorCores' && !cores)
    throw new EngineError('unsupported', `${adapterName(info)} lists no tensor cores with f32 sums`)
  if (cores?.input === 'f16' && !(await computesF16(device)))
    throw new EngineError('unsupported', `${adapterName(info)} has f16 and computes wrongly with it: update its driver`)
  lost = device.lost.then(({ reason, message }) => {
    if (closing) return
    // Dawn gives the device up where memory ends in the middle of a command and not at an allocation.
    const resume = /memory|MakeResident/i.test(message)
      ? 'resume the run with less of --device-memory'
      : 'resume the run'
    die({
      code: 'device-lost',
      message: `the GPU was lost (${reason}: ${message || 'no reason given'}). What was saved is whole: ${resume}, or start again with --device cpu`,
    })
  })
  return {
    session: new Session(device, {
      windowBytes: within(windowBytes ?? windowCeiling),
      reachBytes: within(reachBytes ?? most),
      smallSubgroups,
      largeTiles: largeTilesOf(info, device.limits, products),
      flopsPerSecond,
      exactBindings,
      tensorProducts: cores && tensorProducts(cores),
    }),
    facts: {
      description: adapterName(info),
      details: {
        adapter: adapterName(info),
        vendor: info.vendor,
        architecture: info.architecture,
        software: isSoftware(info),
        subgroupSizes: `${info.subgroupMinSize ?? '?'} to ${info.subgroupMaxSize ?? '?'}`,
        products: cores ? 'tensor cores' : smallSubgroups ? 'small subgroups' : 'portable',
        maxBindingBytes: limits.maxStorageBufferBindingSize,
      },
      maxBufferBytes: limits.maxBufferSize,
      ownMemory: hasOwnMemory(info),
      identity: [info.vendor, info.architecture, info.device, info.description].join(' / '),
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

/** Ends this thread between two turns of its loop: inside one of its callbacks Dawn would abort the process. */
function leave(): void {
  setTimeout(() => process.exit(0), 1)
}

async function handle(session: Session, request: Request): Promise<void> {
  switch (request.type) {
    case 'run':
      return session.execute(request.commands).finally(() => reportWrites(request.commands))
    case 'read':
      return answer(session, request.reads, async () => {
        const tensors = request.reads.map(({ tensor }) => tensor)
        const found = await session.read(tensors, request.commands).finally(() => reportWrites(request.commands))
        return () =>
          found.forEach((data, i) =>
            reply({ type: 'done', id: request.reads[i].id, data }, [data.buffer as ArrayBuffer]),
          )
      })
    case 'sync':
      return answer(session, [request], async () => {
        await session.sync(request.commands).finally(() => reportWrites(request.commands))
        return () => reply({ type: 'done', id: request.id })
      })
    case 'measure':
      return answer(session, [request], async () => {
        const data = Float32Array.of((await session.measureMemory(request.most)) / 2 ** 30)
        return () => reply({ type: 'done', id: request.id, data })
      })
    case 'close':
      await close(session)
      leave()
      return reply({ type: 'done', id: request.id })
  }
}

function reportWrites(commands: readonly Command[]): void {
  const bytes = commands.reduce((sum, command) => sum + (command.do === 'write' ? command.data.byteLength : 0), 0)
  if (bytes > 0) reply({ type: 'written', bytes })
}

/** A request that waits for the device tells of the first failure before it. */
async function answer(
  session: Session,
  waiters: readonly { id: number }[],
  work: () => Promise<() => void>,
): Promise<void> {
  let done = () => {}
  const fail = (failure: Failure) => waiters.forEach(({ id }) => reply({ type: 'failed', id, failure }))
  try {
    done = await work()
  } catch (error) {
    session.fail(asFailure(error))
  }
  const failure = dead ?? session.takeFailure()
  if (failure) return fail(failure)
  done()
}

async function serve(from: MessagePort): Promise<void> {
  const { session, facts } = await open(workerData as OpenRequest)
  let last = Promise.resolve()
  from.on('message', (request: Request) => {
    last = last.then(() => handle(session, request)).catch((error: unknown) => session.fail(asFailure(error)))
  })
  reply({ type: 'ready', facts })
}

async function answerAsProcess(): Promise<void> {
  await answerSurvey(JSON.parse(process.argv[2]) as SurveyRequest, async (request) => {
    closing = false
    const opened = await open(request)
    return { ...opened, close: () => close(opened.session) }
  })
  leave()
}

interface Opened {
  readonly session: Session
  readonly facts: GpuFacts
  close(): Promise<void>
}

/** `open` is how a backend's thread opens a device. Prints null for one that refuses: whoever opens it gets the reason. */
async function answerSurvey(
  { settled, plain }: SurveyRequest,
  open: (request: OpenRequest) => Promise<Opened>,
): Promise<void> {
  const request = { windowBytes: null, reachBytes: null, products: 'auto', flopsPerSecond: null, exactBindings: false }
  const names = await adapterNames().catch(() => null)
  print({ names })
  for (const name of new Set(names)) {
    if (settled.includes(name)) continue
    print({ opens: name })
    const flags = [`adapter=${name}`]
    const facts = open({ ...request, products: 'auto', flags, plain: plain.includes(name) }).then(factsOf)
    print({ facts: await facts.catch(() => null) })
  }
}

function print(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

async function factsOf({ session, facts, close }: Opened): Promise<SurveyedAdapter> {
  const flopsPerSecond = await measureRate(session)
  await close()
  const { ownMemory, maxBufferBytes, details } = facts
  return { software: details.software === true, ownMemory, maxBufferBytes, flopsPerSecond }
}

/** Sides of the products: each takes eight times as long as the one before. */
const sides = [256, 512, 1024, 2048, 4096]
/** Seconds that a trial may take. */
const longest = 0.1

/** Floating point operations a second of products in f32, by the largest that is quick. @throws EngineError 'unsupported' for a wrong one. */
async function measureRate(session: Session): Promise<number> {
  // The first pays for the shader.
  await secondsOf(session, sides[0])
  let rate = 0
  for (const n of sides) {
    const flops = 2 * n ** 3
    if (rate > 0 && flops / rate > longest) break
    // The better of two: other programs compute too.
    const seconds = Math.min(await secondsOf(session, n), await secondsOf(session, n))
    rate = flops / Math.max(1e-6, seconds)
  }
  return rate
}

async function secondsOf(session: Session, n: number): Promise<number> {
  const [out, a, b] = [1, 2, 3].map((buffer): Tensor => ({
    buffer,
    dtype: 'f32',
    shape: [n, n],
    offset: 0,
    length: n * n,
  }))
  const all = [out, a, b].map(({ buffer }) => buffer)
  const fill = (tensor: Tensor): Command => ({ do: 'call', kernel: 'fill', args: [tensor, 0.5] })
  const allocate = all.map((buffer): Command => ({ do: 'allocate', buffer, bytes: 4 * n * n }))
  await session.execute([...allocate, fill(a), fill(b)])
  await session.sync()
  const start = performance.now()
  await session.execute([{ do: 'call', kernel: 'linear', args: [out, a, b, null] }])
  await session.sync()
  const seconds = (performance.now() - start) / 1000
  const [[first]] = await session.read([{ ...out, shape: [1], length: 1 }])
  await session.execute(all.map((buffer) => ({ do: 'release', buffer })))
  if (first !== n / 4) throw new EngineError('unsupported', `a product of halves gave ${first} for ${n / 4}`)
  return seconds
}

try {
  await (port ? serve(port) : answerAsProcess())
} catch (error) {
  die(asFailure(error))
  leave()
}
