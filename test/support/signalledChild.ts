// A process that multiplies in f32 until it got more than 20 signals, and says whether all products are the same.
import { setImmediate } from 'node:timers/promises'
import { openCpu } from '../../src/engine/compute/cpu/open.ts'

let signals = 0
// Without a handler the signal is ignored, also after the last one is gone.
process.on('SIGWINCH', () => signals++)
const cpu = await openCpu({ threads: 2 })
// Shapes differ because the place of the library's workspace decides what a handler's frame would overwrite.
const products = Array.from({ length: 12 }, (_, i) => {
  const [m, n, k] = [96 + 40 * i, 1536 - 96 * i, 200 + 56 * i]
  const [x, w, y] = [
    [m, k],
    [n, k],
    [m, n],
  ].map((shape) => cpu.allocate('f32', shape))
  for (const tensor of [x, w])
    cpu.write(
      tensor,
      Float32Array.from({ length: tensor.length }, (_, at) => ((at * 7919) % 101) / 64),
    )
  return async () => {
    cpu.kernels.linear(y, x, w, null)
    return (await cpu.read(y)).slice()
  }
})
const first: Awaited<ReturnType<(typeof products)[number]>>[] = []
for (const product of products) first.push(await product())
process.send?.('ready')
let same = true
// A fast processor needs more rounds until signals have come.
for (let round = 0; round < 20 || signals <= 20; round++)
  for (const [i, product] of products.entries()) {
    const again = await product()
    same &&= first[i].every((sum, at) => sum === again[at])
    // Signals reach JavaScript in another turn of the event loop.
    await setImmediate()
  }
console.log(same)
await cpu.close()
process.disconnect()
