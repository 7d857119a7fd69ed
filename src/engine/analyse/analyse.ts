// The analysis of a model before it is pruned: first from its values alone, then, with calibration data, from
// one pass over its blocks.
import { resolve } from 'node:path'
import type { AnalysedModule, Analysis, MeasuredModule, SensitivityUnit, WeightSpread } from '../../plan/analysis.ts'
import { type Asked, type Candidate, candidatesOf } from '../../plan/candidates.ts'
import { blockLinears, moduleOfWeight } from '../../catalog/families/parameters.ts'
import { tensorRoles } from '../../catalog/families/tensorRoles.ts'
import { passTokens } from '../../plan/memory.ts'
import type { PrecisionChoice } from '../../recipe/modes.ts'
import { isOfGguf, type Checkpoint } from '../checkpoint/checkpoint.ts'
import { scanTensors } from '../checkpoint/stats/scanTensors.ts'
import type { Backend } from '../compute/backend.ts'
import { lessText, planWithLess } from '../compute/planWithLess.ts'
import { EngineError } from '../errors.ts'
import type { CalibrationSet } from '../blocks/flow.ts'
import { createModelStream } from '../blocks/modelStream.ts'
import { openFor } from '../model/computeIn.ts'
import { createDecoder } from '../model/decoder.ts'
import { openModel, type Model } from '../model/model.ts'
import { withPruneHost } from '../prune/host.ts'
import { loadWindows } from '../text/windows.ts'
import { analyseBlocks, type BlockWork } from './analyseBlocks.ts'
import { blocksMeasured, isSameWay, openAnalysisStore, senseBy, type AnalysisState } from './analysisStore.ts'
import { createProbe, denseLoss, sensitivityWindows } from './sensitivity.ts'

export interface CalibrationRequest {
  readonly data: string
  readonly field?: string
  readonly samples?: number
  readonly seqLen?: number
}

export interface AnalyseOptions {
  readonly calibration: CalibrationRequest | null
  readonly asked: Asked
  /** The unit that is pruned alone, by the first candidate, to measure sensitivities; null: none are measured. */
  readonly sensitivity: SensitivityUnit | null
  readonly seed: number
  readonly memoryBytes: number
  readonly openBackend: () => Promise<Backend>
  readonly precision?: PrecisionChoice
  readonly signal?: AbortSignal
  /** Called with the results of an earlier analysis, then with each block's. `loss` is the dense model's, if sensitivities are measured. */
  readonly onMeasured?: (modules: readonly MeasuredModule[], loss: number | null) => void
  readonly onProgress?: (what: 'values' | 'blocks', done: number, total: number) => void
  readonly onWarning: (message: string) => void
}

type CalibratedOptions = AnalyseOptions & { readonly calibration: CalibrationRequest }

export type AnalysisResult = Omit<Analysis, 'seconds' | 'peak_memory_mb'>

/** Default number of windows: enough for a ranking, and fast. */
export const defaultSamples = 16
export const longestWindow = 512

/** Share of the memory for each of: hidden states, Hessians, the decoder that measures sensitivities. The rest is for the block. */
const share = 1 / 4

/** Analyses only the values of a GGUF file. @throws EngineError of the checkpoint or the data, 'bad-recipe' for impossible candidates. */
export async function analyse(checkpoint: Checkpoint, options: AnalyseOptions): Promise<AnalysisResult> {
  if (isOfGguf(checkpoint) && !options.calibration) return ofValues(checkpoint, linearsByName(checkpoint), options)
  const model = openModel(checkpoint)
  const candidates = options.calibration ? checkedCandidates(options.asked, model) : []
  const linears = blockLinears(model.config)
  if (!options.calibration) return ofValues(checkpoint, linears, options)
  const calibrated = { ...options, calibration: options.calibration }
  // Wrong data is refused before the scan of all values, which takes minutes for a large model.
  const set = await calibrationSet(model, calibrated)
  const spread = await spreadOfValues(checkpoint, linears, options)
  const complete = (module: MeasuredModule): AnalysedModule => ({ ...module, ...(spread.get(module.name) ?? noSpread) })
  return measure(model, candidates, set, calibrated, complete)
}

type Linear = Pick<MeasuredModule, 'name' | 'block'>

/** Matrices of the blocks, found by the roles of tensors where no configuration is read. */
function linearsByName(checkpoint: Checkpoint): Linear[] {
  const roles = tensorRoles(checkpoint.config, checkpoint.tensors)
  return [...checkpoint.tensors.values()].flatMap(({ name, shape }): Linear[] => {
    const { role, block } = roles.of(name, shape)
    return role === 'linear' && block !== null ? [{ name: moduleOfWeight(name), block }] : []
  })
}

async function ofValues(
  checkpoint: Checkpoint,
  linears: readonly Linear[],
  options: AnalyseOptions,
): Promise<AnalysisResult> {
  const spread = await spreadOfValues(checkpoint, linears, options)
  const modules = linears.map(({ name, block }) => {
    return { name, block, activation: null, errors: [], sensitivity: null, ...(spread.get(name) ?? noSpread) }
  })
  return { model: checkpoint.path, calibration: null, sensitivity: null, modules, device: 'cpu' }
}

const noSpread: WeightSpread = { std: null, kurtosis: null, outliers: null }

function checkedCandidates(asked: Asked, { config }: Model): Candidate[] {
  const found = candidatesOf(asked, config)
  if ('problem' in found) throw new EngineError('bad-recipe', found.problem)
  return found.candidates
}

/** Spread of the values by module name. */
async function spreadOfValues(
  checkpoint: Checkpoint,
  modules: readonly Linear[],
  { signal, onProgress }: AnalyseOptions,
): Promise<Map<string, WeightSpread>> {
  const linears = new Map(modules.map(({ name }) => [`${name}.weight`, name]))
  const items = [...linears.keys()].filter((name) => checkpoint.tensors.has(name))
  const total = items.reduce((sum, name) => sum + (checkpoint.tensors.get(name)?.bytes ?? 0), 0)
  const spread = new Map<string, WeightSpread>()
  let done = 0
  await scanTensors(
    checkpoint,
    items.map((name) => ({ name, nm: [], transposed: false })),
    {
      signal,
      onBytes: (bytes) => onProgress?.('values', (done += bytes), total),
      onStats(name, stats) {
        if (!stats) return
        const { std, kurtosis, outliers } = stats
        spread.set(linears.get(name) ?? name, { std, kurtosis, outliers })
      },
    },
  )
  return spread
}

async function measure(
  model: Model,
  candidates: readonly Candidate[],
  set: CalibrationSet,
  options: CalibratedOptions,
  complete: (module: MeasuredModule) => AnalysedModule,
): Promise<AnalysisResult> {
  const backend = await openFor(model, options.openBackend, options.precision)
  if (backend.info.details.note) options.onWarning(String(backend.info.details.note))
  try {
    const state = await planWithLess(backend, () => measuredBlocks({ model, candidates, options, set, backend }), {
      remedy: 'use a smaller --seq-len, or leave --sensitivity out',
      onLess(less) {
        const { description } = backend.info
        options.onWarning(
          `${description} ran out of memory; the analysis continues after the last block with ${lessText(less)}`,
        )
      },
    })
    const { calibration, sensitivity: unit } = options
    const { method, sparsity, pattern } = candidates[0]
    const windows = Math.min(sensitivityWindows, set.windows)
    const modules = askedFigures(state, candidates, options).map(complete)
    const { loss } = state
    return {
      model: model.checkpoint.path,
      calibration: { data: calibration.data, windows: set.windows, seq_len: set.seqLen },
      sensitivity: unit && loss !== null ? { unit, method, sparsity, pattern, windows, loss } : null,
      modules,
      device: backend.info.device,
    }
  } finally {
    await backend.close()
  }
}

interface Measuring {
  readonly model: Model
  readonly candidates: readonly Candidate[]
  readonly options: CalibratedOptions
  readonly set: CalibrationSet
  readonly backend: Backend
}

/** Measures what an earlier analysis of the same text has not measured. */
async function measuredBlocks({ model, candidates, options, set, backend }: Measuring): Promise<AnalysisState> {
  const { calibration, sensitivity: unit, seed, signal, onProgress, onWarning: warn } = options
  const { data, field } = calibration
  const text = { data: resolve(data), ...(field !== undefined && { field }), samples: set.windows, seqLen: set.seqLen }
  const store = await openAnalysisStore(model.checkpoint, text, [seed, backend.info.device, backend.precision], warn)
  const { state } = store
  const work = workLeft(state, candidates, unit, model.config.numBlocks)
  const bytes = Math.min(options.memoryBytes, backend.memory().limitBytes) * share
  const stream = createModelStream(backend, model)
  const tokensPerPass = Math.max(passTokens, set.seqLen)
  const decoder = unit ? await createDecoder(backend, model, { memoryBytes: bytes, tokensPerPass }) : null
  try {
    let done = 0
    const onWindows = (windows: number) => onProgress?.('blocks', (done += windows), work.length * set.windows)
    if (decoder) state.loss ??= await denseLoss({ decoder, set, signal })
    options.onMeasured?.(state.blocks.flat(), state.loss)
    // A complete analysis needs no pass.
    if (work.length === 0) return state
    await withPruneHost(backend, async (host) => {
      const probe = decoder && unit ? createProbe({ decoder, stream, set, unit, signal }) : null
      const flow = { backend, stream, set, budget: { bytes }, signal, onWindows }
      for await (const figures of analyseBlocks({ flow, host, probe, statisticBytes: bytes, seed, warn }, work)) {
        await store.add(figures)
        options.onMeasured?.(state.blocks[figures.block], state.loss)
      }
    })
    return state
  } finally {
    await decoder?.close()
    stream.close()
  }
}

/** What remains to be measured in each block, up to the last block where anything remains. */
function workLeft(
  state: AnalysisState,
  candidates: readonly Candidate[],
  unit: SensitivityUnit | null,
  numBlocks: number,
): BlockWork[] {
  const sensed = unit ? senseBy(state, unit, candidates[0]).blocks : numBlocks
  const work = Array.from({ length: numBlocks }, (_, block): BlockWork => {
    const senses = block >= sensed
    // Sensitivities need the weights that the first candidate prunes.
    return {
      senses,
      candidates: candidates.filter((one, i) => block >= blocksMeasured(state, one) || (senses && i === 0)),
    }
  })
  return work.slice(0, work.findLastIndex((own) => own.candidates.length > 0) + 1)
}

/** Only the requested results: the state may contain more. */
function askedFigures(
  state: AnalysisState,
  candidates: readonly Candidate[],
  { sensitivity: unit }: AnalyseOptions,
): MeasuredModule[] {
  return state.blocks.flat().map((module) => ({
    ...module,
    errors: candidates.flatMap((one) => module.errors.filter((error) => isSameWay(error, one))),
    sensitivity: unit ? module.sensitivity : null,
  }))
}

/** Loads calibration windows. By default text gives `defaultSamples` windows of at most `longestWindow` tokens. */
export async function calibrationSet(
  { checkpoint, config }: Model,
  { calibration, seed, signal }: Pick<CalibratedOptions, 'calibration' | 'seed' | 'signal'>,
): Promise<CalibrationSet> {
  const { data: path, field } = calibration
  const isIds = path.endsWith('.safetensors')
  // All ids of a file are used as they are.
  const samples = calibration.samples ?? (isIds ? undefined : defaultSamples)
  const seqLen = calibration.seqLen ?? (isIds ? undefined : Math.min(longestWindow, config.maxPositions))
  const { folder } = checkpoint
  const { vocabSize } = config
  return loadWindows({ path, field, samples, seqLen, seed, purpose: 'calibration', folder, vocabSize, signal })
}
