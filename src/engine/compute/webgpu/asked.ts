// The process that survey.ts asks: does with each adapter what a backend does, and says what it saw. A driver may end it before.
import { writeSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import type { Tensor } from '../tensor.ts'
import { adapterNames } from './adapter.ts'
import type { Command, GpuFacts, OpenRequest } from './protocol.ts'
import type { Session } from './session.ts'
import type { AdapterTold, Asking } from './survey.ts'

interface Opened {
  readonly session: Session
  readonly facts: GpuFacts
  close(): Promise<void>
}

/** `open` is how a backend's thread opens a device. Null is told of one that refuses: whoever opens it hears why. */
export async function answerAsking(
  { settled, plain }: Asking,
  open: (request: OpenRequest) => Promise<Opened>,
): Promise<void> {
  const request = { windowBytes: null, reachBytes: null, products: 'auto', flopsPerSecond: null, exactBindings: false }
  const names = await adapterNames().catch(() => null)
  say({ names })
  for (const name of new Set(names)) {
    if (settled.includes(name)) continue
    say({ opens: name })
    const flags = [`adapter=${name}`]
    const told = open({ ...request, products: 'auto', flags, plain: plain.includes(name) }).then(tell)
    say({ told: await told.catch(() => null) })
  }
}

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

async function tell({ session, facts, close }: Opened): Promise<AdapterTold> {
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
