// Which methods could be measured in place, and how long that would take: from the newest analysis of a model and, where that
// has not measured a method, from what the method costs.
import type { DeviceChoice } from '../protocol/parameters.ts'
import { availableParallelism } from 'node:os'
import { blocksMeasured, isSameWay, latestAnalysis, type AnalysisState } from '../engine/analyse/analysisStore.ts'
import { defaultSamples, longestWindow } from '../engine/analyse/analyse.ts'
import { openModel } from '../engine/model/model.ts'
import { candidatesOf, defaultSparsities } from '../plan/candidates.ts'
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { methodNames, type MethodName } from '../catalog/methods/methods.ts'
import { analysisTime } from '../plan/analysisTime.ts'
import type { MeasurableMethod } from '../protocol/inspect.ts'
import type { Measurable } from '../protocol/rpc.ts'
import { resolvePruneStep } from '../recipe/resolve.ts'
import { unstructured } from '../recipe/defaults.ts'
import type { OpenModel } from './openModels.ts'

/** By what to multiply an estimate, at least and at most. */
type Range = readonly [low: number, high: number]
/** From operations alone: small matrices, as SmolLM2's, take two to three times what large products would. */
const guess: Range = [1, 4]
/** Scaled by what other methods took on this machine. */
const scaled: Range = [0.6, 1.6]
/** From blocks that were measured by this method. */
const known: Range = [0.85, 1.2]

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
  readonly machine: Parameters<typeof analysisTime>[3]
}

function measurable(config: ModelConfig, method: MethodName, { state, amounts, machine }: Known): MeasurableMethod {
  const found = candidatesOf({ methods: [method], ...amounts }, config)
  const candidates = 'problem' in found ? [] : found.candidates
  const blocks = config.numBlocks
  const measured = Math.min(blocks, ...candidates.map((one) => (state ? blocksMeasured(state, one) : 0)))
  if (measured >= blocks) return { method, measured, blocks, seconds: [0, 0] }
  const { samples, seqLen } = state?.calibration ?? {
    samples: defaultSamples,
    seqLen: Math.min(longestWindow, config.maxPositions),
  }
  const planned = (ways: readonly { method: string; sparsity: number; pattern: string }[]) => {
    const steps = ways.map((way) =>
      resolvePruneStep({
        method: way.method as MethodName,
        ...(way.pattern === unstructured ? { sparsity: way.sparsity } : { pattern: way.pattern }),
      }),
    )
    return analysisTime(config, samples * seqLen, steps, machine)
  }
  const left = blocks - measured
  const own = candidates.map((one) => state?.ways.find((way) => isSameWay(way, one) && way.blocks > 0))
  const walk = state && state.walk.blocks > 0 ? state.walk.seconds / state.walk.blocks : null
  if (walk !== null && own.every((way) => way !== undefined))
    return { method, measured, blocks, seconds: times(left * (walk + sum(own.map(perBlock))), known) }
  const plan = planned(candidates)
  const seconds = left * (plan.walk + sum(plan.ways))
  const others = state?.ways.filter((way) => way.blocks > 0) ?? []
  if (walk === null || others.length === 0) return { method, measured, blocks, seconds: times(seconds, guess) }
  const before = planned(others)
  const pace = (walk + sum(others.map(perBlock))) / (before.walk + sum(before.ways))
  return { method, measured, blocks, seconds: times(pace * seconds, scaled) }
}

const times = (seconds: number, [low, high]: Range): Range => [low * seconds, high * seconds]
const perBlock = (way: AnalysisState['ways'][number] | undefined) => (way ? way.seconds / way.blocks : 0)
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
