// Facts about a checkpoint for lint and plans: from headers and small files only, remembered until one of them changes.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { moduleOfWeight } from '../../catalog/families/parameters.ts'
import { tokenizerKind } from '../../catalog/formats/tokenizerJson.ts'
import { describeModel } from '../../recipe/describeModel.ts'
import type { ModelFacts, ModelProblem } from '../../recipe/facts.ts'
import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { isHubName } from '../checkpoint/hubCache.ts'
import { hasMasks } from '../checkpoint/explicitMasks.ts'
import { maskFileName } from '../checkpoint/maskFile.ts'
import { readConfig } from '../checkpoint/modelConfigFile.ts'
import { readSmallFile, networkPathProblem } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'
import { sourceOf } from '../../runs/folder/recipes.ts'
import { fieldsOf, isRecord } from '../../catalog/formats/json.ts'

interface Remembered {
  /** Size and modification time of every file that was read. */
  readonly stamps: ReadonlyMap<string, string>
  readonly facts: ModelFacts
}

const maxRemembered = 16
const remembered = new Map<string, Remembered>()
const maxJsonBytes = 64 * 2 ** 20

/** Facts of the model at `path` (absolute). Never throws: problems are among the facts. */
export async function modelFacts(path: string): Promise<ModelFacts> {
  const known = remembered.get(path)
  if (known && (await unchanged(known.stamps))) return known.facts
  const fresh = await look(path)
  remembered.delete(path)
  // A Hub name that failed is not remembered: while it is not in the cache, there is no folder whose changes could be noticed.
  if (!isHubName(path) || fresh.facts.problems.length === 0) remembered.set(path, fresh)
  for (const old of remembered.keys()) {
    if (remembered.size <= maxRemembered) break
    remembered.delete(old)
  }
  return fresh.facts
}

/** Facts of a model on another machine's share, which must not be opened. */
export function modelOnShare(given: string): ModelFacts {
  return describeModel({
    tensors: new Map(),
    config: null,
    problems: [{ rule: 'model-missing', message: `${given} cannot be used: ${networkPathProblem}.` }],
    tokenizer: { present: false, largestId: null },
    masked: false,
    sparsities: null,
  })
}

async function look(path: string): Promise<Remembered> {
  const besides = ['config.json', 'tokenizer.json', maskFileName, 'sparsescope.json']
  let folder = path
  let files = ['model.safetensors', 'model.safetensors.index.json'].map((name) => join(path, name))
  let tensors: ModelFacts['tensors'] = new Map()
  let config: unknown
  let stored = false
  const problems: ModelProblem[] = []
  try {
    const checkpoint = await openCheckpoint(path)
    folder = checkpoint.folder
    files = [...files, ...checkpoint.files.map((f) => f.path)]
    tensors = checkpoint.tensors
    stored = hasMasks(checkpoint)
    config = checkpoint.config
    await checkpoint.close()
  } catch (error) {
    problems.push(problemOf(error))
    config = await readConfig(folder, { readText: readSmallFile }).catch(() => null)
  }
  const beside = (name: string) => join(folder, name)
  const stamps = await stampsOf([path, ...files, ...besides.map(beside)])
  const facts = describeModel({
    tensors,
    config,
    problems,
    tokenizer: await readTokenizer(beside('tokenizer.json')),
    masked: stored || stamps.get(beside(maskFileName)) !== absent,
    sparsities: await readSparsities(beside('sparsescope.json')),
    source: (await sourceOf(folder))?.model,
  })
  return { stamps, facts }
}

function problemOf(error: unknown): ModelProblem {
  if (!(error instanceof EngineError)) throw error
  const missing = error.code === 'not-found' || error.reason === 'no-weights'
  const rule = error.reason === 'refused' ? 'unsafe-weights' : missing ? 'model-missing' : 'damaged-weights'
  return { rule, message: sentence(error.message) }
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`
}

async function readTokenizer(path: string): Promise<ModelFacts['tokenizer']> {
  const json = await readJson(path)
  if (json === undefined) return { present: false, largestId: null }
  const kind = tokenizerKind(json)
  const { model, added_tokens: added } = (json ?? {}) as { model?: { vocab?: unknown }; added_tokens?: unknown }
  let largestId = -1
  const take = (id: unknown) => {
    if (typeof id === 'number' && id > largestId) largestId = id
  }
  if (Array.isArray(model?.vocab)) take(model.vocab.length - 1)
  // Object.values of 150,000 tokens takes twice as long.
  else if (isRecord(model?.vocab)) for (const token in model.vocab) take(model.vocab[token])
  if (Array.isArray(added)) for (const token of added) take((token as { id?: unknown } | null)?.id)
  const ggufProblem = typeof kind === 'string' ? kind : null
  return { present: true, largestId: largestId >= 0 ? largestId : null, ggufProblem }
}

/** Sparsities by module name, from the report that a run leaves beside the weights. */
async function readSparsities(path: string): Promise<ModelFacts['sparsities']> {
  const { tensors } = fieldsOf(await readJson(path))
  const entries = Object.entries(fieldsOf(tensors)).flatMap(([name, value]): [string, number][] =>
    isSparse(value) ? [[moduleOfWeight(name), value.sparsity]] : [],
  )
  return entries.length > 0 ? new Map(entries) : null
}

function isSparse(value: unknown): value is { sparsity: number } {
  return typeof fieldsOf(value).sparsity === 'number'
}

/** The parsed file; undefined when it is missing, null when it is not JSON. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readSmallFile(path, maxJsonBytes)) as unknown
  } catch (error) {
    return error instanceof EngineError && error.code === 'not-found' ? undefined : null
  }
}

const absent = '-'

async function stampsOf(paths: readonly string[]): Promise<Map<string, string>> {
  const stamps = paths.map(async (path): Promise<[string, string]> => {
    const facts = await stat(path).catch(() => null)
    return [path, facts ? `${facts.size} ${facts.mtimeMs}` : absent]
  })
  return new Map(await Promise.all(stamps))
}

async function unchanged(stamps: ReadonlyMap<string, string>): Promise<boolean> {
  const now = await stampsOf([...stamps.keys()])
  return [...stamps].every(([path, stamp]) => now.get(path) === stamp)
}
