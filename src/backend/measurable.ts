// How much of the cost of pruning has been measured for a model, and a rough time for the rest, from the number of operations.
import type { DeviceChoice } from '../protocol/parameters.ts'
import { availableParallelism } from 'node:os'
import { blocksMeasured, isSameWay, latestAnalysis, type AnalysisState } from '../engine/analyse/analysisStore.ts'
import { defaultSamples, longestWindow } from '../engine/analyse/analyse.ts'
import { sensitivityWindows } from '../engine/analyse/sensitivity.ts'
import { openModel } from '../engine/model/model.ts'
import { candidatesOf, defaultSparsities } from '../plan/candidates.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { analysisSeconds, type PlannedMachine } from '../plan/time.ts'
import { measuredMethod as method, type MeasuredSoFar } from '../protocol/inspect.ts'
import type { Measurable } from '../protocol/rpc.ts'
import { resolvePruneStep } from '../recipe/resolve.ts'
import { unstructured } from '../recipe/defaults.ts'
import type { OpenModel } from './openModels.ts'

export async function measurableOf(
  { checkpoint }: OpenModel,
  { threads }: DeviceChoice,
  gpu: boolean | null,
): Promise<Measurable> {
  const state = await latestAnalysis(checkpoint)
  const ways = state?.ways ?? []
  const known = [...new Set(ways.filter(({ pattern }) => pattern === unstructured).map(({ sparsity }) => sparsity))]
  const patterns = [...new Set(ways.map(({ pattern }) => pattern).filter((pattern) => pattern !== unstructured))]
  // A single sparsity gives no curve of errors, so the defaults are measured.
  const sparsities = known.length > 1 || patterns.length > 0 ? known : [...defaultSparsities]
  const asked = { calibration: state?.calibration ?? null, sparsities, patterns }
  try {
    const { config } = openModel(checkpoint)
    const machine = { gpu, threads: threads > 0 ? threads : availableParallelism() }
    // If the losses of all blocks are known, they are not measured again, even if they were measured differently.
    const sensitivity = state?.sensitivity?.blocks === config.numBlocks ? null : 'block'
    const found = { ...asked, sensitivity } as const
    return { ...found, soFar: measuredSoFar(config, state, found, machine) }
  } catch {
    return { ...asked, sensitivity: null, soFar: null }
  }
}

function measuredSoFar(
  config: ModelConfig,
  state: AnalysisState | null,
  { sparsities, patterns, sensitivity }: Omit<Measurable, 'soFar'>,
  machine: PlannedMachine,
): MeasuredSoFar {
  const found = candidatesOf({ methods: [method], sparsities, patterns }, config)
  const candidates = 'problem' in found ? [] : found.candidates
  const blocks = config.numBlocks
  const sensed = state?.sensitivity
  const sensedSo = sensed?.unit === 'block' && candidates.length > 0 && isSameWay(sensed, candidates[0])
  const withLoss = sensitivity === null ? blocks : sensedSo ? sensed.blocks : 0
  const measured = Math.min(withLoss, ...candidates.map((one) => (state ? blocksMeasured(state, one) : 0)))
  const { samples, seqLen } = state?.calibration ?? {
    samples: defaultSamples,
    seqLen: Math.min(longestWindow, config.maxPositions),
  }
  const steps = candidates.map(({ sparsity, pattern }) =>
    resolvePruneStep({ method, ...(pattern === unstructured ? { sparsity } : { pattern }) }),
  )
  const probed = sensitivity === null ? 0 : Math.min(sensitivityWindows, samples) * seqLen
  const perBlock = analysisSeconds(config, { tokens: samples * seqLen, probed, steps }, machine)
  return { measured, blocks, seconds: (blocks - measured) * perBlock }
}
