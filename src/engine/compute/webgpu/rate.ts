// How fast a device multiplies, so that none of its dispatches need be so long that a watchdog takes the driver for dead.
import { EngineError } from '../../errors.ts'
import type { Tensor } from '../tensor.ts'
import type { Command } from './protocol.ts'
import type { Session } from './session.ts'

/** Sides of the products: each takes eight times as long as the one before. */
const sides = [256, 512, 1024, 2048, 4096]
/** Seconds that a trial may take. */
const longest = 0.1

/** Floating point operations a second of products in f32, by the largest that is quick. @throws EngineError 'unsupported' for a wrong one. */
export async function measureRate(session: Session): Promise<number> {
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
