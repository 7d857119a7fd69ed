// suggest_recipe: a recipe for a model that lints clean, with what was measured of its choices. It writes no file.
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join, parse, relative, resolve } from 'node:path'
import * as z from 'zod'
import { EngineError } from '../engine/errors.ts'
import { dataFacts } from '../engine/facts/dataFacts.ts'
import { gatherFacts } from '../engine/facts/recipeFacts.ts'
import { modelFacts } from '../engine/facts/modelFacts.ts'
import { machineMemoryBytes } from '../engine/machine.ts'
import { shownPath } from '../engine/run/open/recipeFile.ts'
import { isWeights } from '../catalog/formats/checkpointFormats.ts'
import { parseNm } from '../catalog/formats/sparsity.ts'
import { createContext } from '../lint/context.ts'
import { lint } from '../lint/lint.ts'
import { estimatesOf } from '../plan/planRecipe.ts'
import { bytesPerToken } from '../plan/textTokens.ts'
import { unstructured, usualSparsity, windowDefaults } from '../recipe/defaults.ts'
import { chainFor } from '../recipe/measured.ts'
import { readDocument } from '../recipe/document.ts'
import { idShapeOf, type LintFacts, type ModelFacts, noFacts } from '../recipe/facts.ts'
import * as writing from '../recipe/writing/choices.ts'
import { recipeOf } from '../recipe/writing/recipeOf.ts'
import { recipeText } from '../recipe/writing/recipeText.ts'
import { checkpoint, defineTool } from './tool.ts'
import type { Roots } from './roots.ts'
import { sizesOf, sparsityForSize, suggestionText, type Try } from './suggestionText.ts'

const input = z.strictObject({
  model: checkpoint,
  sparsity: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe(`Share of the block weights to prune; default ${usualSparsity}.`),
  pattern: z.string().optional().describe('N:M in place of a sparsity, such as 2:4: N zeros in every M inputs.'),
  size: z.string().optional().describe('Bytes that the kept weights may take, such as 8GB, in place of a sparsity.'),
  minutes: z.number().positive().optional().describe('Most minutes that the run may take on this machine.'),
  data: z.string().min(1).optional().describe('Text to calibrate and train on; left out: one near the model.'),
  field: z.string().min(1).optional().describe('Column of the text, or tensor of the ids, in data.'),
  evaluate_on: z.string().min(1).optional().describe('Held-out text to measure on; left out: one near the model.'),
  evaluate_other: z.string().min(1).optional().describe('Text of another kind, to measure on too.'),
})
type Input = z.output<typeof input>

export const suggestTool = defineTool({
  name: 'suggest_recipe',
  title: 'Suggest Recipe',
  about: 'Proposes a recipe without findings for a model and a target, with the measurements behind each choice.',
  when: 'Use it instead of writing a recipe from memory. It writes no file: save its text under the name that it gives, or pass it to explain_recipe and run_recipe. Not for models that are pruned already.',
  icon: '$(lightbulb)',
  needsTrust: false,
  input,
  async run(asked, { roots }) {
    const place = await roots.source(asked.model)
    const facts = await modelFacts(place)
    if (facts.problems.length > 0) throw new EngineError('unsupported', facts.problems[0].message)
    if (facts.masked || facts.sparsities)
      throw new EngineError('usage', `${asked.model} is pruned already: prune the model that it was made from`)
    const { folder, name } = placeOfRecipe(place, roots)
    const known = knownOf(facts)
    const choices = await choicesOf(asked, { place, folder, facts, known }, roots)
    const exists = (path: string) => existsSync(join(folder, path))
    const most = 60 * (asked.minutes ?? Infinity)
    let best: Try | null = null
    for await (const one of triesOf(choices, { name, folder, exists, known, isLimited: asked.minutes !== undefined })) {
      if (best === null || isBetter(one, best)) best = one
      if (best.findings.length === 0 && secondsOf(best) <= most) break
    }
    if (best === null) throw new EngineError('internal', 'nothing was tried')
    const file = writing.freeName(basename(best.saveTo), writing.recipeExtension, exists)
    return suggestionText(best, { file: roots.shown(join(folder, file)), facts, asked, isLate: secondsOf(best) > most })
  },
})

const secondsOf = ({ estimates }: Try) => estimates.seconds ?? 0

/** Fewer findings are better; with equally many, less time is. */
function isBetter(one: Try, other: Try): boolean {
  const [mine, its] = [one.findings.length, other.findings.length]
  return mine < its || (mine === its && secondsOf(one) < secondsOf(other))
}

interface Known extends writing.KnownOfModel {
  readonly blocks: number | null
}

function knownOf(facts: ModelFacts): Known {
  const { parameters, modelConfig } = facts
  return {
    biases: parameters.some(({ kind }) => kind === 'bias'),
    maxPositions: modelConfig?.maxPositions ?? null,
    blocks: modelConfig?.numBlocks ?? null,
    parameters: sizesOf(facts).numbers,
  }
}

interface Start {
  readonly place: string
  readonly folder: string
  readonly facts: ModelFacts
  readonly known: Known
}

/** The recipe is beside the model where that is inside the roots. */
function placeOfRecipe(model: string, roots: Roots): { folder: string; name: string } {
  const isFile = isWeights(model)
  const held = isFile && basename(model).startsWith('model') ? dirname(model) : model
  const folder = roots.has(dirname(held)) ? dirname(held) : roots.folders[0]
  return { folder, name: isFile && held === model ? parse(model).name : basename(held) }
}

const inRecipe = (folder: string, path: string) => {
  const way = shownPath(folder, path)
  return way.startsWith('.') ? way : `./${way}`
}

/** The initial choices of the form of Prune…, changed as asked. @throws EngineError 'usage'. */
async function choicesOf(
  asked: Input,
  { place, folder, facts, known }: Start,
  roots: Roots,
): Promise<writing.RecipeChoices> {
  const { pattern, sparsity, size } = asked
  if ([pattern, sparsity, size].filter((one) => one !== undefined).length > 1)
    throw new EngineError('usage', 'sparsity, pattern and size say the same thing: give one of them')
  if (pattern !== undefined && !parseNm(pattern))
    throw new EngineError(
      'usage',
      `pattern ${pattern} is not valid: write N:M, such as 2:4, for N zeros in every M inputs`,
    )
  const first = writing.firstChoices(inRecipe(folder, place), known, machineMemoryBytes())
  const share = size === undefined ? (sparsity ?? usualSparsity) : sparsityForSize(size, facts)
  const prune = first.prune && { ...first.prune, pattern: pattern ?? unstructured, sparsity: share }
  const given = async (path: string | undefined) => {
    if (path === undefined) return []
    const file = await roots.place(path)
    if (!existsSync(file)) throw new EngineError('not-found', `${path}: there is no such file`)
    return [inRecipe(folder, file)]
  }
  const [data, heldOut, other] = await Promise.all([asked.data, asked.evaluate_on, asked.evaluate_other].map(given))
  const near = data.length > 0 && heldOut.length > 0 ? [] : await textsNear(folder, roots)
  const filled = writing.withTexts({ ...first, prune }, data.length > 0 ? [...data, ...near] : near)
  const chosen = data.length > 0 ? { ...filled, prune, recover: first.recover } : filled
  const texts = data.length > 0 ? data : filled.calibration.data
  const measuredOn = [...(heldOut.length > 0 ? heldOut : filled.evaluate.data), ...other]
  /** The length of windows in a file: not more than its rows of ids have. */
  const lengthIn = async (path: string | undefined, usual: number | undefined, field?: string) => {
    const shape = path === undefined ? null : idShapeOf(await dataFacts(resolve(folder, path)), field)
    return shape?.length === 2 ? Math.min(usual ?? shape[1], shape[1]) : usual
  }
  const { calibration, evaluate } = first
  return {
    ...chosen,
    calibration: {
      ...calibration,
      data: texts,
      ...(asked.field !== undefined && { field: asked.field }),
      seq_len: await lengthIn(texts.at(0), calibration.seq_len, asked.field),
    },
    evaluate: { data: measuredOn, seq_len: await lengthIn(measuredOn.at(0), evaluate.seq_len) },
  }
}

/** Texts below a folder that are long enough, as a recipe there names them; the first is the one to calibrate on. */
async function textsNear(folder: string, roots: Roots): Promise<string[]> {
  const isHidden = (path: string) => /(^|[\\/])\./.test(relative(folder, path))
  const isText = (path: string) =>
    /\.(jsonl|jsonl\.gz|txt|parquet)$/.test(path) && bytesOf(path) >= writing.leastTextBytes
  const found = await roots.find((path, isFolder) => !isFolder && !isHidden(path) && isText(path), [folder])
  return found
    .map((path) => inRecipe(folder, path))
    .sort((a, b) => writing.textRank(a) - writing.textRank(b) || a.localeCompare(b))
}

const bytesOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0

interface Place {
  readonly name: string
  readonly folder: string
  readonly exists: (path: string) => boolean
  readonly known: Known
  /** Whether time is limited: then the best preset that fits is taken, or fewer windows and steps if none does. */
  readonly isLimited: boolean
}

/** Recipes in order of preference. */
async function* triesOf(start: writing.RecipeChoices, place: Place): AsyncGenerator<Try> {
  const { name, folder, exists, known, isLimited } = place
  const [quick, balanced, best] = writing.presetsFor(writing.canRetrain(known, machineMemoryBytes()))
  const presets =
    start.calibration.data.length === 0 ? [null] : [...(isLimited && best.fits ? [best] : []), balanced, quick]
  const heldOut = start.evaluate.data.at(0)
  const evaluationTokens = heldOut === undefined ? null : bytesOf(resolve(folder, heldOut)) / bytesPerToken
  let facts: LintFacts | null = null
  for (const part of [1, 2, 4, 8])
    for (const preset of presets) {
      const chosen = { ...start, ...(preset && fewer(start, preset, known, part)) }
      const saveTo = writing.freeOutput(name, chosen, exists)
      const text = recipeText(recipeOf(chosen, { saveTo, blocks: known.blocks, evaluationTokens }))
      // All outputs have free names, so the facts about one recipe hold for all.
      facts ??= await gatherFacts(createContext(readDocument(text), noFacts).resolved, { folder })
      const { context, findings } = lint(text, { facts })
      const told = findings.filter(({ severity }) => severity === 'error' || severity === 'warning')
      const estimates = estimatesOf(context.resolved, facts)
      yield { choices: chosen, chain: preset?.chain ?? null, saveTo, text, findings: told, estimates }
    }
}

/** A preset with a part of its windows and steps. */
function fewer({ prune, calibration }: writing.RecipeChoices, preset: writing.Preset, known: Known, part: number) {
  const { method, chain } = preset
  const recover = chainFor(chain, known.parameters).map(({ steps, ...one }) => ({
    ...one,
    ...(steps && { steps: Math.ceil(steps / part) }),
  }))
  return {
    prune: prune && { ...prune, method },
    recover: writing.withTrain(recover, writing.trainedOf(known)),
    calibration: { ...calibration, samples: windowDefaults.samples / part },
  }
}
