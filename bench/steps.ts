// One reconstruction step, one forward with loss and one retraining step of a model of OPT-125M's shape, or of a checkpoint,
// ms, beside the torch peer, all cores: products in f32 on both sides, and in bf16 (the peer under autocast). All take turns
// and ratios are medians over the rounds: the machine's clock drifts by more within minutes than they differ.
//   npx tsx bench/steps.ts [--model FOLDER] [--layers 12] [--seq-len 512] [--reps 3] [--rounds 5] [--precision f32,bf16]
//     [--only reconstruct,forward,retrain] [--peer ../shared/peer/torch_peer.py] [--no-peer]
import { parseArgs } from 'node:util'
import { Arena } from '../src/engine/compute/arena.ts'
import { upload, type Backend } from '../src/engine/compute/backend.ts'
import { openCheckpoint } from '../src/engine/checkpoint/checkpoint.ts'
import { openCpu } from '../src/engine/compute/cpu/open.ts'
import { rows } from '../src/engine/compute/tensor.ts'
import { loadBlock } from '../src/engine/model/block.ts'
import { computeIn, productForm } from '../src/engine/model/computeIn.ts'
import { createDecoder } from '../src/engine/model/decoder.ts'
import { openModel, type Model } from '../src/engine/model/model.ts'
import { decode, readWeight } from '../src/engine/model/weights.ts'
import { maskOfZeros, type Mask } from '../src/engine/prune/mask.ts'
import { reconstructBlock } from '../src/engine/recover/reconstructBlock.ts'
import { retrain } from '../src/engine/recover/retrain.ts'
import { trainableSet, setOfBlock } from '../src/plan/trainable.ts'
import { randomStart } from '../src/engine/recover/adapters/adapter.ts'
import { createTrainables } from '../src/engine/recover/trainables.ts'
import { createRng } from '../src/engine/rng.ts'
import { blockLinears } from '../src/catalog/families/parameters.ts'
import type { Subset } from '../src/catalog/adapters/subsets.ts'
import { memoryCheckpoint } from './support/memoryCheckpoint.ts'
import { machine, median, peerProgram, python, root, runJson } from './support/process.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    layers: { type: 'string', default: '12' },
    'seq-len': { type: 'string', default: '512' },
    reps: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    precision: { type: 'string', default: 'f32,bf16' },
    only: { type: 'string', default: 'reconstruct,forward,retrain' },
    peer: { type: 'string', default: `${root}/../shared/peer/torch_peer.py` },
    'no-peer': { type: 'boolean', default: false },
  },
})
const [layers, seqLen, reps] = [Number(values.layers), Number(values['seq-len']), Number(values.reps)]
const [rank, alpha, windows] = [16, 32, 8]
const sets: Subset[][] = [['bias', 'norm', 'mask_lora'], ['bias', 'norm'], ['full']]

const config = {
  model_type: 'opt',
  vocab_size: 50272,
  hidden_size: 768,
  ffn_dim: 3072,
  num_hidden_layers: layers,
  num_attention_heads: 12,
  max_position_embeddings: 2048,
}

type Times = Map<string, number>

async function masksOf(model: Model): Promise<Map<string, Mask>> {
  const masks = new Map<string, Mask>()
  for (const { name, shape } of blockLinears(model.config)) {
    const parameter = model.parameters.get(`${name}.weight`)
    if (parameter) masks.set(name, maskOfZeros(decode(await readWeight(model, parameter)), shape[0], shape[1]))
  }
  return masks
}

const shared = {
  rank,
  alpha,
  startOf: async (linear: string, numIn: number) => randomStart(0, linear, rank, numIn),
  effectiveWeightBytes: 1e9,
}
const settings = { lr: 5e-4, weightDecay: 0, batchSize: 1, gradAccumulation: 1, shuffleSeed: null }

/** Median of all steps but the first. */
async function reconstruction(backend: Backend, model: Model, masks: Map<string, Mask>, train: Subset[]) {
  const { hiddenSize: channels } = model.config
  const rng = createRng(2, 'activations')
  const states = () => {
    const all = upload(
      backend,
      'f32',
      [windows * seqLen, channels],
      Float32Array.from({ length: windows * seqLen * channels }, () => rng.normal()),
    )
    return {
      windows,
      seqLen,
      channels,
      load: async (_: Arena, a: number, b: number) => rows(all, a * seqLen, b * seqLen),
    }
  }
  const block = await loadBlock(backend, model, 0, { as: productForm(backend) })
  const set = setOfBlock(model.config, trainableSet(model.config, { train: train, mode: 'reconstruct' }), 0)
  const times: number[] = []
  const onStep = (_: number, __: unknown, tokensPerSecond: number) => void times.push((1000 * seqLen) / tokensPerSecond)
  const data = { inputs: states(), targets: states() }
  await reconstructBlock({
    ...shared,
    ...data,
    backend,
    model,
    block,
    set,
    masks,
    settings: { ...settings, steps: 3 * reps + 1 },
    onStep,
  })
  return median(times.slice(1))
}

async function retraining(backend: Backend, model: Model, masks: Map<string, Mask>, ids: Int32Array, train: Subset[]) {
  const set = trainableSet(model.config, { train: train, mode: 'retrain' })
  const valueOf = async (name: string) => {
    const parameter = model.parameters.get(name)
    return parameter ? decode(await readWeight(model, parameter)) : new Float32Array()
  }
  const trainables = await createTrainables(backend, set, {
    ...shared,
    maskOf: async (name) => masks.get(name),
    valueOf,
  })
  const { overrides } = trainables
  const decoder = await createDecoder(backend, model, {
    memoryBytes: 3e9,
    training: true,
    tokensPerPass: seqLen,
    overrides,
  })
  const times: number[] = []
  const onStep = async (_: number, __: unknown, tokensPerSecond: number) =>
    void times.push((1000 * seqLen) / tokensPerSecond)
  const data = { ids, mask: null, labels: null, windows: 1, seqLen }
  const training = { ...settings, clipNorm: 1, steps: reps + 1 }
  await retrain({ decoder, trainables, windows: data, settings: training, firstStep: 0, losses: [], onStep })
  await decoder.close()
  trainables.close()
  return median(times.slice(1))
}

async function forward(backend: Backend, model: Model, ids: Int32Array) {
  const decoder = await createDecoder(backend, model, { memoryBytes: 3e9, tokensPerPass: seqLen })
  const times: number[] = []
  for (let i = 0; i <= reps; i++) {
    const begun = performance.now()
    await decoder.forwardNll([{ batch: 1, seqLen, ids, mask: null, labels: null }])
    times.push(performance.now() - begun)
  }
  await decoder.close()
  return median(times.slice(1))
}

type Precision = 'f32' | 'bf16'
const precisions = values.precision.split(',').filter((p): p is Precision => p === 'f32' || p === 'bf16')
const parts = values.only.split(',')

/** Weights are stored as they are multiplied: SmolLM2's are bf16 already, and widened once for f32. */
async function ours(precision: Precision): Promise<Times> {
  const stored = precision === 'f32' ? 'F32' : 'BF16'
  const checkpoint = values.model ? await openCheckpoint(values.model) : memoryCheckpoint(config, 0.5, stored)
  const model = openModel(checkpoint)
  const opened = await openCpu()
  const backend = computeIn(opened, model, precision)
  const masks = await masksOf(model)
  const rng = createRng(3, 'ids')
  const ids = Int32Array.from({ length: seqLen }, () => 4 + rng.below(model.config.vocabSize - 4))
  const times: Times = new Map()
  for (const train of parts.includes('reconstruct') ? sets.slice(0, 2) : [])
    times.set(`reconstruction step, 1 block: ${train.join('+')}`, await reconstruction(backend, model, masks, train))
  if (parts.includes('forward')) times.set('forward + loss, whole model', await forward(backend, model, ids))
  for (const train of parts.includes('retrain') ? sets : [])
    times.set(`retraining step, whole model: ${train.join('+')}`, await retraining(backend, model, masks, ids, train))
  await backend.close()
  await checkpoint.close()
  return times
}

function peer(precision: Precision): Times {
  const sizes = ['--layers', String(layers), '--seq-len', String(seqLen), '--reps', String(reps)]
  const args = [
    ...peerProgram(values.peer, precision),
    'bench',
    ...(values.model ? ['--model', values.model] : []),
    ...sizes,
    '--only',
    values.only,
  ]
  const { json } = runJson<{ rows: { name: string; median_s: number }[] }>(python, args)
  return new Map(json.rows.map(({ name, median_s: seconds }) => [name, 1000 * seconds]))
}

// BLAS picks its kernels when it loads: these two would choose slower ones.
delete process.env.OPENBLAS_CORETYPE
delete process.env.OPENBLAS_L2_SIZE
/** By "torch f32", "ours bf16" …: a round is one turn of each. */
const rounds: Map<string, Times>[] = []
for (let round = 0; round < Number(values.rounds); round++) {
  const times = new Map<string, Times>()
  for (const precision of precisions) {
    if (!values['no-peer']) times.set(`torch ${precision}`, peer(precision))
    times.set(`ours ${precision}`, await ours(precision))
  }
  rounds.push(times)
}
const sides = [...rounds[0].keys()]
const [torch, mine] = ['torch', 'ours'].map((who) => sides.filter((side) => side.startsWith(who)))
console.log(machine(), (await openCpu()).info.description)
console.table(
  [...(rounds[0].get(mine[0])?.keys() ?? [])].map((what) => ({
    [`${values.model ?? `${layers} blocks`}, ${seqLen} tokens, ms`]: what,
    ...Object.fromEntries(
      sides.map((side) => [side, Math.round(median(rounds.map((r) => r.get(side)?.get(what) ?? NaN)))]),
    ),
    ...Object.fromEntries(
      mine.flatMap((side) => torch.map((other) => [`${side} × ${other}`, ratio(side, other, what)])),
    ),
  })),
)
process.exit()

/** How many times as fast: the median of the rounds' ratios, and how far they spread. */
function ratio(side: string, other: string, what: string): string {
  const all = rounds.map((times) => (times.get(other)?.get(what) ?? NaN) / (times.get(side)?.get(what) ?? NaN))
  const text = (x: number) => x.toFixed(2)
  return `${text(median(all))} (${text(Math.min(...all))}–${text(Math.max(...all))})`
}
