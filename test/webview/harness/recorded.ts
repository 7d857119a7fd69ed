// Messages as the extension host sends them: an OPT-shaped model, pruned unevenly, and a run on it.
import type { ModuleZeros, RunEvent } from '../../../src/runs/series/events.ts'
import type {
  ComparedTensor,
  CompareSummary,
  ModelSummary,
  TensorChange,
  TensorDetail,
  TensorRow,
  TensorStats,
  Tile,
  AnalysisUpdate,
} from '../../../src/protocol/inspect.ts'
import type { Role } from '../../../src/catalog/families/tensorRoles.ts'
import type { MeasuredModule } from '../../../src/plan/analysis.ts'
import { moduleOfWeight } from '../../../src/catalog/families/parameters.ts'
import type { PlanRow, PlanSummary } from '../../../src/plan/planSummary.ts'
import type { ViewSettings } from '../../../src/protocol/view.ts'

export const settings: ViewSettings = { palette: 'viridis', smoothing: 0.6, maxPoints: 2000, trusted: true }

const hidden = 768
const inside: [string, number, number][] = [
  ['self_attn.q_proj', hidden, hidden],
  ['self_attn.k_proj', hidden, hidden],
  ['self_attn.v_proj', hidden, hidden],
  ['self_attn.out_proj', hidden, hidden],
  ['fc1', 4 * hidden, hidden],
  ['fc2', hidden, 4 * hidden],
]

function row(name: string, shape: number[], role: Role, block: number | null, module: string): TensorRow {
  const parameters = shape.reduce((product, n) => product * n, 1)
  return {
    name,
    dtype: 'F16',
    shape,
    file: 'model.safetensors',
    bytes: 2 * parameters,
    parameters,
    role,
    block,
    module,
  }
}

/** As many blocks as asked for; the names are those of OPT. */
export function recordedModel(blocks: number): ModelSummary {
  const tensors = [
    row('model.decoder.embed_tokens.weight', [50272, hidden], 'embedding', null, 'model.decoder.embed_tokens'),
    row('model.decoder.final_layer_norm.weight', [hidden], 'norm', null, 'model.decoder.final_layer_norm'),
  ]
  for (let block = 0; block < blocks; block++) {
    const prefix = `model.decoder.layers.${block}`
    for (const [module, out, input] of inside) {
      tensors.push(row(`${prefix}.${module}.weight`, [out, input], 'linear', block, module))
      tensors.push(row(`${prefix}.${module}.bias`, [out], 'bias', block, module))
    }
    tensors.push(row(`${prefix}.final_layer_norm.weight`, [hidden], 'norm', block, 'final_layer_norm'))
  }
  return {
    path: '/models/opt-125m',
    label: 'opt-125m',
    modelType: 'opt',
    blocks,
    tensors,
    metadata: { format: 'pt' },
    parameters: tensors.reduce((sum, t) => sum + t.parameters, 0),
    bytes: tensors.reduce((sum, t) => sum + t.bytes, 0),
    files: 1,
    warnings: [],
    problems: [],
  }
}

/** Denser towards the end, as schedules over depth make it; a bump in the middle of each histogram is missing. */
export function recordedStats(model: ModelSummary): TensorStats[] {
  return model.tensors.map((t, i): TensorStats => {
    const depth = (t.block ?? 0) / Math.max(1, model.blocks)
    const sparsity = t.role === 'linear' ? 0.7 - 0.4 * depth + 0.02 * ((i * 7) % 5) : 0
    const zeros = Math.round(sparsity * t.parameters)
    const counts = Array.from({ length: 64 }, (_, b) => {
      const x = (b - 31.5) / 12
      return Math.round(Math.exp(-x * x) * t.parameters * (1 - sparsity) * 0.05) + (b === 32 ? zeros : 0)
    })
    const groups = t.parameters / 4
    return {
      name: t.name,
      zeros,
      sparsity: zeros / t.parameters,
      nonFinite: 0,
      min: -0.31,
      max: 0.298,
      mean: 1.2e-4,
      meanAbs: (0.03 + 0.01 * depth) * (1 - sparsity),
      std: 0.041,
      kurtosis: 3.4 + 9 * (1 - depth),
      outliers: 4e-4 * (1.2 - depth),
      nm:
        t.role === 'linear'
          ? { '2:4': { groups, violations: Math.round(groups * 0.3) }, '4:8': { groups: groups / 2, violations: 0 } }
          : {},
      histogram: { from: -0.31, to: 0.31, counts },
    }
  })
}

/** An analysis with three methods at two sparsities, and what each block costs. */
export function recordedAnalysis(model: ModelSummary): AnalysisUpdate {
  const linears = model.tensors.filter((t) => t.role === 'linear')
  const modules = linears.map((t, i): MeasuredModule => {
    const depth = (t.block ?? 0) / Math.max(1, model.blocks)
    const wave = 1 + 0.5 * Math.sin(i * 1.7)
    const methods = { magnitude: 3, wanda: 1.5, sparsegpt: 1 }
    return {
      name: moduleOfWeight(t.name),
      block: t.block ?? 0,
      activation: { norm: 0.2 + depth, outliers: 0.5 * wave, effective_rank: 8 + 40 * (1 - depth) * wave },
      errors: Object.entries(methods).flatMap(([method, factor]) =>
        [0.5, 0.7].map((sparsity) => ({
          ...{ method, sparsity, pattern: 'unstructured' },
          error: 0.02 * factor * wave * (0.4 + depth) * (sparsity === 0.7 ? 3 : 1),
        })),
      ),
      sensitivity: 3.2 + 0.05 * wave * (1 - depth),
    }
  })
  return { modules, loss: 3.2, done: 1, total: 1 }
}

export function recordedDetail(tensor: TensorRow, stats: TensorStats): TensorDetail {
  const [rows, columns] = tensor.shape.length > 1 ? tensor.shape : [1, tensor.shape[0]]
  const wave = (n: number, phase: number) =>
    Array.from({ length: Math.min(n, 256) }, (_, i) => Math.max(0, stats.sparsity + 0.1 * Math.sin(i / 9 + phase)))
  return {
    name: tensor.name,
    rows,
    columns,
    rowSparsity: wave(rows, 0),
    columnSparsity: wave(columns, 2),
    zeroRows: 0,
    zeroColumns: 3,
    heads: tensor.module.includes('self_attn')
      ? wave(12, 1).map((sparsity, h) => ({ label: `head ${h}`, sparsity }))
      : null,
    near: null,
    stats,
    violations: { pattern: '2:4', groups: [0, 1, 2, 3, 4].map((i) => ({ row: 3 * i, column: 4 * i })) },
  }
}

/** Base64 without Buffer or btoa's limits, so that it runs on both sides. */
function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

export function recordedTile(width: number, height: number, close: boolean): Tile {
  const density = new Uint8Array(width * height)
  const values = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const noise = Math.abs(Math.sin(x * 12.9898 + y * 78.233) * 43758.5453) % 1
      const i = y * width + x
      density[i] = Math.round(255 * (0.35 + 0.25 * noise + 0.3 * Math.sin(x / 40) ** 2))
      values[i] = noise < 0.5 ? 0 : (noise - 0.75) / 2
    }
  }
  const size = { shares: base64Of(density), most: 0.04 }
  return {
    width,
    height,
    density: base64Of(density),
    size,
    values: close ? base64Of(new Uint8Array(values.buffer)) : null,
  }
}

/** Wanda and reconstruction of 12 blocks, 30 steps each. */
export function recordedRun(blocks: number): RunEvent[] {
  let t = 0
  const evaluation = { entry: 0, task: 'perplexity', data: 'data/wikitext2-test.txt', seq_len: 2048 } as const
  const events: RunEvent[] = [
    {
      t,
      type: 'start',
      name: 'opt-125m-wanda50',
      model: 'opt-125m',
      device: 'cpu',
      description: 'OpenBLAS, 2 threads',
      version: '0.1.0',
      blocks,
    },
    { t: (t += 10), type: 'phase', phase: 'evaluate' },
    { t: (t += 900), type: 'eval', stage: 'dense', ...evaluation, perplexity: 27.65 },
    { t: (t += 10), type: 'phase', phase: 'reconstruct' },
  ]
  for (let block = 0; block < blocks; block++) {
    const start = 0.02 * 1.35 ** block
    for (let step = 1; step <= 30; step++) {
      const noise = 1 + 0.2 * Math.sin(step * 12.9)
      const loss = block === 2 && step === 7 ? null : start * (0.35 + 0.65 * Math.exp(-step / 8)) * noise
      events.push({ t: (t += 40), type: 'step', block, step, loss, lr: 5e-4, tokens_per_second: 9120 })
    }
    const modules: Record<string, ModuleZeros> = {}
    for (const [module, out, input] of inside) {
      modules[`model.decoder.layers.${block}.${module}.weight`] = {
        size: out * input,
        zeros: (out * input) / 2,
        sparsity: 0.5,
      }
    }
    events.push({
      t: (t += 50),
      type: 'block',
      block,
      modules,
      error_before: start,
      error_after: 0.35 * start,
      seconds: 1.3,
    })
    events.push({
      t,
      type: 'progress',
      phase: 'reconstruct',
      done: block + 1,
      total: blocks,
      unit: 'blocks',
      eta_s: (blocks - block) * 1.3,
    })
    events.push({ t, type: 'memory', rss_mb: 610 + 12 * block, device_mb: 0 })
  }
  events.push({ t: (t += 10), type: 'phase', phase: 'evaluate' })
  events.push({ t: (t += 900), type: 'eval', stage: 'recovered', ...evaluation, perplexity: 31.2 })
  events.push({ t: (t += 50), type: 'saved', path: '/models/opt-125m-wanda50' })
  events.push({ t: t + 5, type: 'end', status: 'done' })
  return events
}

export function recordedChanges(model: ModelSummary): {
  tensors: ComparedTensor[]
  changes: TensorChange[]
  result: CompareSummary
} {
  const tensors = model.tensors.map(({ name, role, block, module }) => ({
    name,
    role,
    block,
    module,
    comparable: true,
  }))
  const changes = model.tensors
    .filter((t) => t.role === 'linear' && (t.module.endsWith('q_proj') || t.module.endsWith('v_proj')))
    .map((t, i) => ({
      name: t.name,
      shape: t.shape,
      maxAbs: 0.004 + 0.001 * (i % 4),
      drift: 0.03 + 0.01 * (i % 6),
      filled: Math.round(t.parameters * (0.5 - 0.01 * i)),
      emptied: 0,
      parameters: t.parameters,
      role: t.role,
      block: t.block,
      module: t.module,
    }))
  const verdict = `Sparsity did not survive: ${changes.length} of ${6 * model.blocks} matrices lost zeros.`
  const same = model.tensors.length - changes.length
  return {
    tensors,
    changes,
    result: { added: [], removed: [], reshaped: [], changed: changes, same, maskPreserved: false, verdict },
  }
}

export function recordedPlan(model: ModelSummary): PlanSummary {
  const rows = model.tensors.map((t): PlanRow => {
    const lora = t.role === 'linear' ? 16 * (t.shape[0] + t.shape[1]) : 0
    const trains = t.role === 'bias' || t.role === 'norm'
    const trainable = trains ? t.parameters : lora
    const by = trains ? t.role : lora > 0 ? 'mask_lora' : null
    const { name, role, block, module, shape, parameters } = t
    const pruned = role === 'linear'
    const known = { name, role, block, module, shape, transposed: false, parameters }
    return { ...known, sparsity: pruned ? 0.5 : 0, trainable, pruned, by }
  })
  const trainable = rows.reduce((sum, r) => sum + r.trainable, 0)
  return {
    recipe: 'wanda50.prune.yaml',
    model: 'opt-125m',
    mode: 'reconstruct',
    train: ['bias', 'norm', 'mask_lora'],
    recoveries: [
      {
        place: 'recover',
        mode: 'reconstruct',
        train: ['bias', 'norm', 'mask_lora'],
        rank: 16,
        trainable,
        percentage: (100 * trainable) / model.parameters,
        trains: trainsIn(rows),
      },
    ],
    rows,
    parameters: model.parameters,
    trainable,
    percentage: (100 * trainable) / model.parameters,
    prunedModules: 6 * model.blocks,
    allocations: [],
    estimates: {
      memoryBytes: 1.9 * 2 ** 30,
      diskBytes: 252e6,
      seconds: 370,
      secondsToPruneAgain: 0,
    },
    warnings: [],
    errors: [],
    saveTo: '../opt-125m-wanda50',
  }
}

const trainsIn = (rows: readonly PlanRow[]) => rows.filter(({ by }) => by !== null)

/** The same plan with a refit before and a retraining of the norms after. */
export function recordedStages(model: ModelSummary): PlanSummary {
  const plan = recordedPlan(model)
  const norms = plan.rows.filter(({ by }) => by === 'norm')
  const trainable = norms.reduce((sum, r) => sum + r.trainable, 0)
  const percentage = (100 * trainable) / model.parameters
  const nothing = { mode: 'refit', train: [], rank: 16, trainable: 0, percentage: 0, trains: [] }
  const last = { mode: 'retrain', train: ['norm'], rank: 16, trainable, percentage, trains: norms }
  const recoveries = [nothing, ...plan.recoveries, last].map((one, i) => ({ ...one, place: `recover.${i}` }))
  return { ...plan, mode: 'refit → reconstruct → retrain', recoveries }
}

/** Refit and reconstruction of two blocks, and a retraining. */
export function recordedList(): RunEvent[] {
  let t = 0
  const evaluation = { entry: 0, task: 'perplexity', data: 'data/wikitext2-test.txt', seq_len: 2048 } as const
  const events: RunEvent[] = [
    {
      t,
      type: 'start',
      name: 'opt-125m-list',
      model: 'opt-125m',
      device: 'cpu',
      description: 'OpenBLAS, 2 threads',
      version: '0.1.0',
      blocks: 2,
      recoveries: ['refit', 'reconstruct', 'retrain'],
    },
    { t: (t += 900), type: 'eval', stage: 'dense', ...evaluation, perplexity: 27.65 },
    { t: (t += 900), type: 'eval', stage: 'pruned', ...evaluation, perplexity: 38.9 },
    { t: (t += 10), type: 'phase', phase: 'refit', recovery: 0 },
  ]
  for (const block of [0, 1]) {
    events.push({ t: (t += 10), type: 'phase', phase: 'reconstruct', recovery: 1 })
    for (let step = 1; step <= 20; step++) {
      const loss = 0.6 * Math.exp(-step / 8) + 0.3 * (block + 1)
      events.push({ t: (t += 40), type: 'step', recovery: 1, block, step, loss, lr: 5e-4, tokens_per_second: 9120 })
    }
    const errors = [
      { recovery: 0, error_before: 1.9, error_after: 1.1 },
      { recovery: 1, error_before: 0.8 * (block + 1), error_after: 0.4 * (block + 1) },
    ]
    const { error_before, error_after } = errors[1]
    events.push({ t: (t += 50), type: 'block', block, modules: {}, error_before, error_after, errors, seconds: 1.3 })
  }
  events.push({ t: (t += 10), type: 'phase', phase: 'retrain', recovery: 2 })
  for (let step = 1; step <= 40; step++) {
    const loss = 3.4 + 0.5 * Math.exp(-step / 12)
    events.push({ t: (t += 40), type: 'step', recovery: 2, step, loss, lr: 5e-4, tokens_per_second: 4100 })
  }
  events.push({ t: (t += 10), type: 'phase', phase: 'evaluate' })
  events.push({ t: t + 900, type: 'eval', stage: 'recovered', ...evaluation, perplexity: 29.8 })
  return events
}

/** What a model said after one prompt: as it was, pruned, half recovered and recovered. */
export function recordedSamples(prompt = 'The capital of France is'): RunEvent[] {
  const made = (tokens: number[], pieces: string[]) => {
    let text = ''
    const ends = pieces.map((piece) => (text += piece).length)
    return [{ prompt, text, tokens, ends }]
  }
  const common = { t: 60_000, type: 'eval', entry: 1, task: 'samples' } as const
  return [
    { ...common, stage: 'dense', samples: made([1, 2, 3, 4], [' Paris', ', the', ' city of', ' light.']) },
    { ...common, stage: 'pruned', samples: made([1, 7, 7, 7], [' Paris', ' of of', ' of of', ' of of']) },
    {
      ...common,
      stage: 'recovered',
      step: 40,
      samples: made([1, 2, 9, 5], [' Paris', ', the', ' capital', ' of France.']),
    },
    { ...common, stage: 'recovered', samples: made([1, 2, 3, 6], [' Paris', ', the', ' city of', ' love.']) },
  ]
}
