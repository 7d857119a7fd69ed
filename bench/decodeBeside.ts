// Tokens of this checkout and of another one in turns, token by token in one process, so that both meet the same machine.
//   git worktree add ../before COMMIT   # with node_modules and dist
//   npx tsx bench/decodeBeside.ts --model SMOLLM2 --before ../before [--threads 2] [--tokens 60] [--rounds 4]
// It prints tokens per second, and readings of a token's weights alone: the median, and the upper quarter and tenth.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type * as Checkpoints from '../src/engine/checkpoint/checkpoint.ts'
import type * as Cpu from '../src/engine/compute/cpu/open.ts'
import type * as Decoders from '../src/engine/model/decoder.ts'
import type * as Caches from '../src/engine/model/kvCache.ts'
import type * as Models from '../src/engine/model/model.ts'
import { readBandwidth } from './support/bandwidth.ts'
import { machine } from './support/process.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    before: { type: 'string' },
    threads: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '4' },
  },
})
const { model: folder, before } = values
if (!folder || !before) throw new Error('--model and --before are needed')
const [threads, tokens, rounds] = [values.threads, values.tokens, values.rounds].map(Number)
const beginning = Int32Array.of(1, 2, 3, 4, 5)

async function openSide(name: string, root: string) {
  const load = <T>(file: string) => import(resolve(root, 'src/engine', file)) as Promise<T>
  const { openCheckpoint } = await load<typeof Checkpoints>('checkpoint/checkpoint.ts')
  const { openCpu } = await load<typeof Cpu>('compute/cpu/open.ts')
  const { createDecoder } = await load<typeof Decoders>('model/decoder.ts')
  const { createKvCache } = await load<typeof Caches>('model/kvCache.ts')
  const { openModel } = await load<typeof Models>('model/model.ts')
  const checkpoint = await openCheckpoint(folder ?? '')
  const backend = await openCpu({ threads })
  const decoder = await createDecoder(backend, openModel(checkpoint), { memoryBytes: 2 ** 32, as: 'stored' })
  const head = decoder.ends.head.table.name
  const read = [...checkpoint.tensors.values()].filter((t) => t.name !== decoder.ends.tokens.name || t.name === head)
  return {
    name,
    rates: [] as number[],
    bytesPerToken: read.reduce((sum, { bytes }) => sum + bytes, 0),
    begin: async () => {
      const cache = createKvCache(backend, decoder.model.config, tokens + beginning.length)
      await decoder.nextLogits(beginning, cache, {})
      return {
        next: (id: number) => decoder.nextLogits(Int32Array.of(id), cache, {}),
        end: () => cache[Symbol.dispose](),
      }
    },
    close: async () => {
      await decoder.close()
      await backend.close()
      await checkpoint.close()
    },
  }
}

const sides = [await openSide('before', before), await openSide('now', resolve(import.meta.dirname, '..'))]
const reading: number[] = []
for (let round = 0; round < rounds; round++) {
  const texts = await Promise.all(sides.map((side) => side.begin()))
  for (let i = 0; i < tokens; i++) {
    for (const [k, text] of texts.entries()) {
      const began = performance.now()
      await text.next(100 + i)
      // The first token of a text calls its kernels and records them, and the second is the first replay: neither is counted.
      if (i > 1) sides[k].rates.push(1000 / (performance.now() - began))
    }
    if (i % 4 === 0)
      reading.push((await readBandwidth(1 + (i % 8 === 0 ? threads - 1 : 0), 1)) / sides[0].bytesPerToken)
  }
  for (const text of texts) text.end()
}
console.log(`${machine()}, ${threads} thread(s)`)
for (const { name, rates } of [{ name: 'reading', rates: reading }, ...sides]) {
  rates.sort((a, b) => b - a)
  const above = (share: number) => rates[Math.floor(share * rates.length)].toFixed(1)
  console.log(`${name.padEnd(8)} median ${above(0.5)}, a quarter above ${above(0.25)}, a tenth above ${above(0.1)}`)
}
for (const side of sides) await side.close()
