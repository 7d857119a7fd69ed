// Facts about a recipe for lint: its model, its data, its output, this machine. Also lints with them.
import { stat, statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { modelPath } from '../checkpoint/hubCache.ts'
import { outputsOf } from '../../plan/outputs.ts'
import { dataUses } from '../../recipe/dataUses.ts'
import {
  type DataFacts,
  type LintFacts,
  type MachineFacts,
  type ModelFacts,
  noFacts,
  type OutputFacts,
} from '../../recipe/facts.ts'
import type { ResolvedRecipe } from '../../recipe/resolve.ts'
import { nearestFolder } from '../../system/makeFolders.ts'
import { overlapOnDisk } from '../checkpoint/outputPlace.ts'
import { dataFacts, dataOnShare } from './dataFacts.ts'
import { defaultMemoryBytes, machineMemoryBytes, multipliesBf16 } from '../machine.ts'
import { modelFacts, modelOnShare } from './modelFacts.ts'
import { isNetworkPath, networkPathProblem } from '../checkpoint/regularFile.ts'
import { layoutOfAdapter } from '../../plan/adapterLayout.ts'
import { ofAdapter, openAdapter } from '../checkpoint/adapterFolder.ts'
import { EngineError } from '../errors.ts'
import { createContext } from '../../lint/context.ts'
import { readRepaired } from '../../lint/fixSyntax.ts'
import type { Finding, Severity } from '../../recipe/finding.ts'
import { lint, type LintResult } from '../../lint/lint.ts'

interface Surroundings {
  /** The recipe's folder, to which its paths are relative. */
  readonly folder: string
  /** Whether there is a GPU; null: not checked. */
  readonly gpu?: boolean | null
  /** Memory that a run may use; default: half of what is free. */
  readonly memoryBytes?: number
}

/** Reads headers and small files. What cannot be read is reported as a fact. No path on another machine's share is opened. */
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

/** null for "?", which stands for the model in a recipe that does not name one. */
async function modelOf(folder: string, given: string): Promise<ModelFacts | null> {
  if (given === '?') return null
  return isNetworkPath(given) ? modelOnShare(given) : modelFacts(modelPath(folder, given))
}

/** `model`: null when its files must not be read. */
async function outputFacts(to: string, model: string | null): Promise<OutputFacts> {
  const exists = (await stat(to).catch(() => null)) !== null
  if (model === null) return { exists, overlap: null }
  // A model may be given by its index or its one file.
  const isFile = (await stat(model).catch(() => null))?.isFile() === true
  const overlap = await overlapOnDisk(to, isFile ? dirname(model) : model).catch(() => null)
  return { exists, overlap }
}

/** `to`: a folder, which need not exist. */
export async function machineFacts(
  to: string,
  { gpu = null, memoryBytes }: Omit<Surroundings, 'folder'>,
): Promise<MachineFacts> {
  // A folder that does not exist yet will be on the disk of its nearest existing parent.
  const disk = await nearestFolder(to)
    .then(({ place }) => statfs(place))
    .catch(() => null)
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

/**
 * Why an adapter cannot be merged into a model, judged by headers: the message with which a run would refuse it. null: it can,
 * as far as the model's facts show. Never throws for any file.
 */
export async function adapterProblem(path: string, model: ModelFacts | null): Promise<string | null> {
  try {
    const { config, file } = await openAdapter(path)
    await file.close()
    const parameters = model?.parameters ?? []
    if (parameters.length > 0) ofAdapter(path, () => layoutOfAdapter(config, file.tensors, parameters))
    return null
  } catch (error) {
    if (error instanceof EngineError) return error.message
    throw error
  }
}

export interface LintTextOptions {
  /** Folder that the recipe's paths are relative to; null: no folder, so only the text is read. */
  folder: string | null
  gpu?: boolean | null
  /** Memory that a run may use; default: half of what is free. */
  memoryBytes?: number
  severities?: Readonly<Record<string, Severity | 'off'>>
}

/** Reads what the recipe names, then lints `text` with it. Never throws for any text or file. */
export async function lintText(
  text: string,
  options: LintTextOptions,
): Promise<LintResult & { facts: LintFacts | null }> {
  const { folder, severities } = options
  const document = readRepaired(text)
  const { resolved } = createContext(document, noFacts)
  if (folder === null || document.value === undefined) return { ...lint(text, { document, severities }), facts: null }
  const facts = await gatherFacts(resolved, { ...options, folder })
  return { ...lint(text, { document, facts, severities }), facts }
}

/** The findings of `lintText` alone. */
export async function findingsOf(text: string, options: LintTextOptions): Promise<readonly Finding[]> {
  return (await lintText(text, options)).findings
}
