// Which methods could be measured in place, and roughly how long that would take, by its operations.
import type { DeviceChoice } from '../protocol/parameters.ts'
import { availableParallelism } from 'node:os'
import { blocksMeasured, latestAnalysis, type AnalysisState } from '../engine/analyse/analysisStore.ts'
import { defaultSamples, longestWindow } from '../engine/analyse/analyse.ts'
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
    return { ...asked, methods: methodNames.map((method) => measurable(config, method, { state, amounts, machine })) }
  } catch {
    return { ...asked, methods: [] }
  }
}

interface Known {
  readonly state: AnalysisState | null
  readonly amounts: Pick<Measurable, 'sparsities' | 'patterns'>
  readonly machine: PlannedMachine
}

function measurable(config: ModelConfig, method: MethodName, { state, amounts, machine }: Known): MeasurableMethod {
  const found = candidatesOf({ methods: [method], ...amounts }, config)
  const candidates = 'problem' in found ? [] : found.candidates
  const blocks = config.numBlocks
  const measured = Math.min(blocks, ...candidates.map((one) => (state ? blocksMeasured(state, one) : 0)))
  const { samples, seqLen } = state?.calibration ?? {
    samples: defaultSamples,
    seqLen: Math.min(longestWindow, config.maxPositions),
  }
  const steps = candidates.map(({ sparsity, pattern }) =>
    resolvePruneStep({ method, ...(pattern === unstructured ? { sparsity } : { pattern }) }),
  )
  return {
    method,
    measured,
    blocks,
    seconds: (blocks - measured) * analysisSeconds(config, samples * seqLen, steps, machine),
  }
}
