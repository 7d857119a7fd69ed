// Gathers all facts that a recipe asks for: its model, its data, its output, this machine.
import { stat, statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { modelPath } from '../checkpoint/hubCache.ts'
import { outputsOf } from '../../plan/outputs.ts'
import { dataUses } from '../../recipe/dataUses.ts'
import type { DataFacts, LintFacts, MachineFacts, ModelFacts, OutputFacts } from '../../recipe/facts.ts'
import type { ResolvedRecipe } from '../../recipe/resolve.ts'
import { overlapOnDisk } from '../checkpoint/outputPlace.ts'
import { adapterProblem } from './adapterProblem.ts'
import { dataFacts, dataOnShare } from './dataFacts.ts'
import { multipliesBf16 } from '../processor.ts'
import { machineMemoryBytes } from '../machineMemory.ts'
import { defaultMemoryBytes } from './defaultMemory.ts'
import { modelFacts, modelOnShare } from './modelFacts.ts'
import { isNetworkPath, networkPathProblem } from '../../system/networkPath.ts'

export interface Surroundings {
  /** The recipe's: its paths are relative to it. */
  readonly folder: string
  /** Whether there is one; null when nobody has looked. */
  readonly gpu?: boolean | null
  /** Memory that a run may use; default: half of what is free. */
  readonly memoryBytes?: number
}

/** Reads headers and small files; what cannot be read is a fact like any other. No path on a share is touched. */
export async function gatherFacts(recipe: ResolvedRecipe, surroundings: Surroundings): Promise<LintFacts> {
  const { folder } = surroundings
  const at = (path: string) => resolve(folder, path)
  const data = new Map<string, DataFacts>()
  const starts = recipe.recover.flatMap(({ lora }) => lora.init ?? [])
  const paths = new Set([...dataUses(recipe).map((use) => use.data), ...starts])
  const looks = [...paths].map(
    async (path) => void data.set(path, isNetworkPath(path) ? dataOnShare : await dataFacts(at(path))),
  )
  const beside = isNetworkPath(recipe.model) ? null : at(recipe.model)
  const placed = (to: string | undefined) =>
    to === undefined || isNetworkPath(to) ? null : outputFacts(at(to), beside)
  const to = recipe.save?.to
  const file = outputsOf(recipe).find(({ kind }) => kind === 'gguf')
  const [model, output, prunedOutput, ggufOutput, machine] = await Promise.all([
    modelOf(folder, recipe.model),
    placed(recipe.save?.to),
    placed(recipe.save?.pruned),
    placed(file?.to),
    machineFacts(to === undefined || isNetworkPath(to) ? folder : at(to), surroundings),
    ...looks,
  ])
  const adapters = new Map<string, string | null>()
  for (const { adapter } of recipe.recover)
    if (adapter !== undefined)
      adapters.set(
        adapter,
        isNetworkPath(adapter)
          ? `${adapter} cannot be used: ${networkPathProblem}`
          : await adapterProblem(modelPath(folder, adapter), model),
      )
  return { folder, model, data, adapters, machine, output, prunedOutput, ggufOutput }
}

/** null: "?" stands for a model that the recipe does not name. */
async function modelOf(folder: string, given: string): Promise<ModelFacts | null> {
  if (given === '?') return null
  return isNetworkPath(given) ? modelOnShare(given) : modelFacts(modelPath(folder, given))
}

/** `model`: null when it is not to be looked at. */
async function outputFacts(to: string, model: string | null): Promise<OutputFacts> {
  const exists = (await stat(to).catch(() => null)) !== null
  if (model === null) return { exists, overlap: null }
  // A model may be given by its index or its one file.
  const isFile = (await stat(model).catch(() => null))?.isFile() === true
  const overlap = await overlapOnDisk(to, isFile ? dirname(model) : model).catch(() => null)
  return { exists, overlap }
}

/** `to`: a folder, whether or not it is there yet. */
export async function machineFacts(
  to: string,
  { gpu = null, memoryBytes }: Omit<Surroundings, 'folder'>,
): Promise<MachineFacts> {
  // The folder that will be made is on the disk of the nearest one that is there.
  let place = to
  while ((await stat(place).catch(() => null)) === null && dirname(place) !== place) place = dirname(place)
  const disk = await statfs(place).catch(() => null)
  return {
    memoryBytes: machineMemoryBytes(),
    freeDiskBytes: disk ? disk.bavail * disk.bsize : null,
    threads: availableParallelism(),
    budgetBytes: memoryBytes ?? defaultMemoryBytes(),
    budgetAsked: memoryBytes !== undefined,
    gpu,
    bf16: multipliesBf16(),
  }
}
