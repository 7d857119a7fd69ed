// A process that multiplies in bf16 on three threads and says whether the products are right, or why there are none.
import { openCpu } from '../../src/engine/compute/cpu/open.ts'

const cpu = await openCpu({ threads: 3 })
if (cpu.traits.bf16Products) {
  const [x, w] = [256, 384].map((rows) => cpu.allocate('bf16', [rows, 512]))
  const y = cpu.allocate('f32', [256, 384])
  for (const tensor of [x, w]) cpu.write(tensor, new Uint16Array(tensor.length).fill(0x3f80))
  cpu.kernels.linear(y, x, w, null)
  console.log(Array.from(await cpu.read(y)).every((sum) => sum === 512))
} else console.log(cpu.info.details.oneDnnNote)
await cpu.close()
