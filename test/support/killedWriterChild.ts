// Writes five tensors and the half of a sixth, says where, and waits for SIGTERM, on which it leaves at once.
import { openCheckpoint } from '../../src/engine/checkpoint/checkpoint.ts'
import { createWriter } from '../../src/engine/checkpoint/writer.ts'

const [from, to] = process.argv.slice(2)
process.once('SIGTERM', () => process.exit(130))
const source = await openCheckpoint(from)
const writer = await createWriter(source, to, { maxShardBytes: 5e9 })
const [sixth, ...done] = [...source.tensors.values()].slice(3, 9).reverse()
for (const { name, bytes } of done) await writer.write(name, new Uint8Array(bytes).fill(1))

async function* half(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(sixth.bytes / 2).fill(1)
  console.log(writer.partial)
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}
await writer.write(sixth.name, half())
