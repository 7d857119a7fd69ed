// The methods that can be measured in place, by matrix and by block, with a rough duration from the number of operations.
import type { DeviceChoice } from '../protocol/parameters.ts'
import { availableParallelism } from 'node:os'
import { blocksMeasured, isSameWay, latestAnalysis, type AnalysisState } from '../engine/analyse/analysisStore.ts'
import { defaultSamples, longestWindow } from '../engine/analyse/analyse.ts'
import { sensitivityWindows } from '../engine/analyse/sensitivity.ts'
import { openModel } from '../engine/model/model.ts'
import { candidatesOf, defaultSparsities } from '../plan/candidates.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { methodNames, type MethodName } from '../catalog/methods/methods.ts'
import { analysisSeconds, type PlannedMachine } from '../plan/time.ts'
import type { MeasurableMethod } from '../protocol/inspect.ts'
import type { Measurable } from '../protocol/rpc.ts'
import { resolvePruneStep } from '../recipe/resolve.ts'
import { unstructured } from '../recipe/defaults.ts'
import type { OpenModel } from './openModels.ts'

/** Methods are an empty list for a model that cannot be computed with. */
export async function measurableOf(
  { checkpoint }: OpenModel,
  { threads }: DeviceChoice,
  gpu: boolean | null,
): Promise<Measurable> {
  const state = await latestAnalysis(checkpoint)
  const ways = state?.ways ?? []
  const sparsities = [
    ...new Set(ways.filter(({ pattern }) => pattern === unstructured).map(({ sparsity }) => sparsity)),
  ]
  const patterns = [...new Set(ways.map(({ pattern }) => pattern).filter((pattern) => pattern !== unstructured))]
  // Errors at one sparsity are no curve.
  const amounts = {
    sparsities: sparsities.length > 1 || patterns.length > 0 ? sparsities : [...defaultSparsities],
    patterns,
  }
  const asked = { calibration: state?.calibration ?? null, ...amounts }
  try {
    const { config } = openModel(checkpoint)
    const machine = { gpu, threads: threads > 0 ? threads : availableParallelism() }
    // Losses that are known of every block stay, however they were measured.
    const sensitivity = state?.sensitivity?.blocks === config.numBlocks ? null : 'block'
    const found = { state, amounts, machine, sensitivity } as const
    return { ...asked, sensitivity, methods: methodNames.map((method) => measurable(config, method, found)) }
  } catch {
    return { ...asked, sensitivity: null, methods: [] }
  }
}

interface Known {
  readonly state: AnalysisState | null
  readonly amounts: Pick<Measurable, 'sparsities' | 'patterns'>
  readonly sensitivity: Measurable['sensitivity']
  readonly machine: PlannedMachine
}

function measurable(config: ModelConfig, method: MethodName, known: Known): MeasurableMethod {
  const { state, amounts, sensitivity, machine } = known
  const found = candidatesOf({ methods: [method], ...amounts }, config)
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
  return { method, measured, blocks, seconds: (blocks - measured) * perBlock }
}
