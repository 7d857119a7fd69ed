// Does the certificate of a matrix say what its mask costs the model? In a model that Wanda pruned to 50 %, one matrix at a time takes a
// mask, and then the same mask refined by swaps; the loss is measured on other windows than those that the masks have seen.
//   npx tsx bench/swapGains.ts --model MODEL --pruned WANDA --ids ids.safetensors
// WANDA: what `sparsescope prune MODEL --method wanda --sparsity 0.5` saves. ids: `calibration` and `training` [windows, length].
import { parseArgs } from 'node:util'
import { blockLinears } from '../src/catalog/families/parameters.ts'
import { calibrationSet } from '../src/engine/analyse/analyse.ts'
import { createProbe } from '../src/engine/analyse/sensitivity.ts'
import { embedAll, runBlock } from '../src/engine/blocks/flow.ts'
import { createModelStream } from '../src/engine/blocks/modelStream.ts'
import { processBlocks, type BlockWork } from '../src/engine/blocks/processBlocks.ts'
import { openCheckpoint } from '../src/engine/checkpoint/checkpoint.ts'
import { Arena } from '../src/engine/compute/arena.ts'
import { readF32 } from '../src/engine/compute/backend.ts'
import { openBackend } from '../src/engine/compute/open.ts'
import { maskWords } from '../src/catalog/formats/maskFile.ts'
import { computeIn } from '../src/engine/model/computeIn.ts'
import { createDecoder } from '../src/engine/model/decoder.ts'
import { openModel } from '../src/engine/model/model.ts'
import { decode, readWeight } from '../src/engine/model/weights.ts'
import { withPruneHost, type PruneHost } from '../src/engine/prune/host.ts'
import { relativeImportance } from '../src/engine/prune/methods/ria.ts'
import { certificateOf, swapRows } from '../src/engine/prune/swaps.ts'
import { groupsBy } from '../src/formatting/lists.ts'
import { rankCorrelation } from './sensitivity.ts'

const text = { type: 'string', default: '' } as const
const { values: o } = parseArgs({ options: { model: text, pruned: text, ids: text } })
const [dense, pruned] = [openModel(await openCheckpoint(o.model)), openModel(await openCheckpoint(o.pruned))]
const backend = computeIn(await openBackend({ device: 'cpu' }), dense, 'bf16')
const setOf = (field: string, samples: number) =>
  calibrationSet(dense, { calibration: { data: o.ids, field, samples, seqLen: 512 }, seed: 0 })
const [seen, held] = [await setOf('calibration', 16), await setOf('training', 4)]
const decoder = await createDecoder(backend, pruned, { memoryBytes: 4e9 })
const [stream, own] = [dense, pruned].map((model) => createModelStream(backend, model))
const flow = { backend, stream: own, set: held, budget: { bytes: 1e9 }, onWindows: () => undefined }
/** States of the held windows in the pruned model. */
const hidden = await embedAll(flow)
const probe = createProbe({ decoder, stream: own, set: held, unit: 'linear' })
const names = blockLinears(dense.config).map(({ name }) => name)
/** Matrices of all kinds and depths. Every third is measured with three masks, the others with Wanda's. */
const chosen = Array.from({ length: 30 }, (_, i) => names[(i * 7 + (i % 7)) % names.length])

/** `absolute`: squared error by token that one swap of each row would win. `won`: what swaps win of the loss, nats a token. */
const gains: { name: string; method: string; room: number; absolute: number; won: number }[] = []

/** The half of each row with the largest scores. */
function maskOf(scores: Float64Array, columns: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array((scores.length / columns) * maskWords(columns))
  for (let row = 0; row < scores.length / columns; row++) {
    const of = scores.subarray(row * columns, (row + 1) * columns)
    const order = Array.from({ length: columns }, (_, j) => j).sort((a, b) => of[b] - of[a])
    for (const j of order.slice(0, columns / 2)) words[row * maskWords(columns) + (j >> 5)] |= 1 << (j & 31)
  }
  return words
}

async function measure(host: PruneHost, { block, statistics }: BlockWork): Promise<null> {
  const inputs = await probe.inputsOf(hidden)
  for (const { name, weight: present, inputKey } of block.linears) {
    const { shape } = present
    const [hessian, parameter] = [statistics?.hessian(inputKey), dense.parameters.get(`${name}.weight`)]
    if (!chosen.includes(name) || !statistics || !hessian || !parameter) continue
    const [, columns] = shape
    const full = decode(await readWeight(dense, parameter))
    const importance = relativeImportance(full, columns)
    const h = await readF32(backend, hessian)
    const norms = Float64Array.from({ length: columns }, (_, j) => Math.sqrt(h[j * columns + j]))
    const scores = {
      wanda: (w: number, i: number) => Math.abs(w) * norms[i % columns],
      ria: (_: number, i: number) => importance[i] * Math.sqrt(norms[i % columns]),
      magnitude: Math.abs,
    }
    using arena = new Arena(host)
    for (const [method, score] of Object.entries(scores).slice(0, chosen.indexOf(name) % 3 === 0 ? 3 : 1)) {
      const [weight, masked] = [arena.allocate(shape), arena.allocate(shape)]
      const mask = arena.allocate([shape[0], maskWords(columns)], 'u32')
      host.write(weight, full)
      host.write(mask, maskOf(Float64Array.from(full, score), columns))
      const loss = async () => {
        host.kernels.convert(masked, weight)
        host.kernels.applyMask(masked, mask)
        const values = (await readF32(host, masked)).slice()
        return (await probe.lossesOf(block, inputs, new Map([[name, values]]))).get(name) ?? NaN
      }
      const swap = (most: number) => swapRows(host, { weight, dense: weight, mask }, hessian, { most, group: 0 })
      const { room, error } = certificateOf(await swap(0), statistics.seen(inputKey))
      const first = await loss()
      await swap(Math.ceil(columns / 10))
      gains.push({ name, method, room, absolute: room * error, won: first - (await loss()) })
      console.log(JSON.stringify(gains.at(-1)))
    }
  }
  await runBlock(flow, block, hidden, hidden)
  return null
}

await withPruneHost(backend, async (host) => {
  const sparsities = new Map(names.map((name) => [name, 0.5]))
  const entry = { method: 'wanda', sparsities, pattern: null, scope: 'row', selection: 'exact', settings: {} } as const
  const recover = (work: BlockWork) => measure(host, work)
  const given = { backend, host, stream, pruned: own, calibration: seen, activations: { bytes: 1e9 } }
  const recovery = { dense: null, middles: false, hessians: true, recover } as const
  for await (const _ of processBlocks({ ...given, entries: [entry], recover: [recovery], seed: 0 }));
})

type Key = 'room' | 'absolute'
const pick = (of: typeof gains, key: Key | 'won') => of.map((gain) => gain[key])
const told = (of: typeof gains, key: Key) => rankCorrelation(pick(of, key), pick(of, 'won'))
for (const of of groupsBy(gains, ({ method }) => method)) {
  const better = of.filter(({ won }) => won > 0).length
  console.log(
    `${of[0].method}: better in ${better} of ${of.length}; room ${told(of, 'room')}, absolute ${told(of, 'absolute')}`,
  )
}
const within = groupsBy(gains, ({ name }) => name).filter((of) => of.length > 1)
const mean = (key: Key) => within.reduce((sum, of) => sum + told(of, key), 0) / within.length
console.log(`over the methods, mean of ${within.length} matrices: room ${mean('room')}, absolute ${mean('absolute')}`)
process.exit()
