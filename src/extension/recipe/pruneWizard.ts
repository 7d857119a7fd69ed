// Prune… and Recover…: a few questions with defaults, then a recipe is written, opened and, if wanted, run. The
// recipe is the truth: nothing of the wizard is remembered anywhere else.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { basename, isAbsolute, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { adapterNames, adapterOf } from '../../shared/adapters/adapters.ts'
import { modelLabel } from '../../shared/format/modelLabel.ts'
import { beforeRecovery, byMeasure, measured, proposeMethod, proposeRecoveries } from '../../shared/recipe/measured.ts'
import { methodNames, methodOf, type MethodName } from '../../shared/methods/methods.ts'
import type { RecoverMode } from '../../shared/recipe/schema.ts'
import { askCorpus } from './askCorpus.ts'
import { askCompared, askValues, type Compared } from './compareSteps.ts'
import { freeName, isHeldOut, recipeExtension, suggestedOutput } from '../../shared/recipe/writing/choices.ts'
import { toRecipePath } from './recipePath.ts'
import { recipeStart } from './recipeDefaults.ts'
import { looksAtText, recipeText, trains, type RecipeChoices } from '../../shared/recipe/writing/recipeText.ts'
import { askText, pickOne, pickSeveral, type Answer, type Choice, type StepFrame } from './steps.ts'

type Draft = RecipeChoices & { name: string; run: boolean; canRetrain: boolean; compared: Compared }
type Step = (frame: StepFrame) => Promise<Answer<unknown>>

const t = vscode.l10n.t

export interface WrittenRecipe {
  readonly recipe: vscode.Uri
  /** The person wants it to run now. */
  readonly run: boolean
  /** It stands for several runs. */
  readonly isSweep: boolean
}

/** null when the person left. `weights`: index or file. */
export async function pruneWizard(weights: vscode.Uri, start: 'prune' | 'recover'): Promise<WrittenRecipe | null> {
  const { folder, name, choices, canRetrain } = await recipeStart(weights.fsPath)
  // Reconstruction needs the dense model; one that is pruned already is retrained.
  const already = start === 'recover' && { method: null, recoveries: ['retrain'] as const }
  const draft: Draft = { ...choices, ...already, name, canRetrain, run: true, compared: null }
  const label = modelLabel(weights.fsPath)
  const title = start === 'prune' ? t('Prune {0}', label) : t('Recover {0}', label)
  let at = 0
  for (;;) {
    // Later questions depend on earlier answers, so the list is made anew each time.
    const steps = stepsOf(draft, folder, start)
    if (at >= steps.length) break
    const answer = await steps[at]({ title, step: at + 1, total: steps.length })
    if (answer === null) return null
    at += answer === 'back' ? -1 : 1
  }
  const recipe = await writeRecipe(folder, draft)
  return { recipe, run: draft.run, isSweep: draft.compare !== undefined }
}

function stepsOf(draft: Draft, parent: string, start: 'prune' | 'recover'): Step[] {
  const steps: Step[] = []
  if (start === 'prune') {
    steps.push((frame) => keep(draft, 'pattern', pickOne(frame, t('Pattern'), patternChoices())))
    if (draft.pattern === 'unstructured') steps.push((frame) => askSparsity(frame, draft))
    const methods = methodChoices(draft.pattern)
    steps.push((frame) => keep(draft, 'method', pickOne(frame, t('How weights are chosen'), methods)))
    steps.push((frame) => keep(draft, 'recoveries', pickOne(frame, t('Recovery'), recoveryChoices(draft))))
    steps.push((frame) => askComparison(frame, draft))
    const { compared } = draft
    if (compared) steps.push((frame) => keep(draft, 'compare', askValues(frame, compared, draft, methods)))
  }
  if (trains(draft.recoveries)) {
    steps.push((frame) => keep(draft, 'train', pickSeveral(frame, t('What is trained'), trainChoices(draft.train))))
  }
  if (looksAtText(draft)) steps.push((frame) => askData(frame, draft, parent))
  steps.push((frame) => askOutput(frame, draft, parent))
  const run: Choice<boolean>[] = [
    { label: t('$(play) Write the recipe and run it'), value: true },
    { label: t('$(edit) Write the recipe and look at it first'), value: false },
  ]
  steps.push((frame) => keep(draft, 'run', pickOne(frame, t('Then'), run)))
  return steps
}

async function keep<K extends keyof Draft>(
  draft: Draft,
  key: K,
  answer: Promise<Answer<Draft[K]>>,
): Promise<Answer<unknown>> {
  const given = await answer
  if (given !== null && given !== 'back') draft[key] = given.value
  return given
}

/** Methods with the lowest measured perplexity come first, with the figures; then the rest, baselines last. */
function methodChoices(pattern: string): Choice<MethodName>[] {
  const { method, perplexity, next } = proposeMethod(pattern)
  const seeded = (name: MethodName) => Number(methodOf(name).seeded ?? false)
  const names = [...methodNames].sort((a, b) => seeded(a) - seeded(b))
  return byMeasure(names, pattern).map((name) => {
    const { title, advice } = methodOf(name)
    const label = t(title)
    const figures = [measured.model, perplexity, methodOf(next.method).title, next.perplexity, measured.dense] as const
    const reason = t('Best measured: perplexity of {0} at half of the weights {1}, {2} {3}, dense {4}.', ...figures)
    const detail = name === method ? `${t(advice)} ${reason}` : t(advice)
    return { label, description: name, detail, value: name }
  })
}

function patternChoices(): Choice<string>[] {
  return [
    { label: t('Unstructured'), detail: t('Any weights, to a sparsity of your choice'), value: 'unstructured' },
    { label: '2:4', detail: t('Two of every four: what sparse tensor cores support'), value: '2:4' },
    { label: '4:8', detail: t('Four of every eight'), value: '4:8' },
  ]
}

/** Recoveries with the lowest measured perplexity come first, with the figures. They rank alike after other methods. */
function recoveryChoices({ pattern, canRetrain }: Draft): Choice<readonly RecoverMode[]>[] {
  const proposed = proposeRecoveries(pattern, canRetrain)
  const rank = (choice: Choice<readonly RecoverMode[]>) => {
    const place = proposed.findIndex(({ modes }) => isDeepStrictEqual(modes, choice.value))
    return place < 0 ? proposed.length : place
  }
  return recoveries()
    .filter(({ value }) => canRetrain || !value.includes('retrain') || value.length === 1)
    .sort((a, b) => rank(a) - rank(b))
    .map((choice) => {
      const figures = proposed.at(rank(choice))
      if (!figures) return choice
      const before = beforeRecovery(pattern, figures) ?? ''
      const numbers = [measured.model, methodOf(figures.method).title, before, figures.perplexity] as const
      const reason = t('Measured on {0}, pruned by {1}: perplexity {2} → {3}.', ...numbers)
      return { ...choice, detail: `${choice.detail} ${reason}` }
    })
}

function recoveries(): Choice<readonly RecoverMode[]>[] {
  return [
    {
      label: t('Retrain the model'),
      detail: t('Next-token loss through the whole model.'),
      value: ['retrain'],
    },
    {
      label: t('Reconstruct block by block, then retrain'),
      detail: t('Wins back the most, and takes the time of both.'),
      value: ['reconstruct', 'retrain'],
    },
    {
      label: t('Reconstruct block by block'),
      detail: t('Trains each block towards its dense outputs, with one block in memory.'),
      value: ['reconstruct'],
    },
    {
      label: t('Refit the kept weights'),
      detail: t('Least squares, a matrix at a time: nothing is trained, and it costs little more than pruning.'),
      value: ['refit'],
    },
    { label: t('None'), detail: t('Only prune.'), value: [] },
  ]
}

function trainChoices(train: readonly string[]): Choice<string>[] {
  const all = [
    { label: 'bias', detail: t('All biases') },
    { label: 'norm', detail: t('All norm weights and biases') },
    ...adapterNames.toReversed().map((name) => ({ label: name, detail: t(adapterOf(name).advice) })),
    { label: 'full', detail: t('Every kept weight') },
  ]
  return all.map((c) => ({ ...c, value: c.label, picked: train.includes(c.label) }))
}

/** Another comparison than before has other values. */
async function askComparison(frame: StepFrame, draft: Draft): Promise<Answer<unknown>> {
  const answer = await askCompared(frame, { ...draft, compare: undefined })
  if (answer === null || answer === 'back') return answer
  draft.compared = answer.value
  if (draft.compare?.path !== answer.value) draft.compare = undefined
  return answer
}

async function askSparsity(frame: StepFrame, draft: Draft): Promise<Answer<unknown>> {
  const parse = (text: string) => (/%\s*$/.test(text) ? parseFloat(text) / 100 : Number(text))
  const answer = await askText(
    frame,
    t('Share of the weights to prune, such as 0.5 or 50 %'),
    String(draft.sparsity),
    (text) => {
      const value = parse(text)
      return value > 0 && value < 1 ? undefined : t('A number between 0 and 1, or a percentage')
    },
  )
  if (answer !== null && answer !== 'back') draft.sparsity = parse(answer.value)
  return answer
}

async function askData(frame: StepFrame, draft: Draft, parent: string): Promise<Answer<unknown>> {
  const answer = await askCorpus(frame, parent)
  if (answer === null || answer === 'back') return answer
  const { path, found } = answer.value
  draft.data = toRecipePath(parent, path)
  const heldOut = found.find((uri) => uri.fsPath !== path && isHeldOut(uri.fsPath))
  draft.evaluateOn = heldOut ? toRecipePath(parent, heldOut.fsPath) : null
  return answer
}

/** A folder that exists is refused here, before anything is computed, and again by the engine. */
async function askOutput(frame: StepFrame, draft: Draft, parent: string): Promise<Answer<unknown>> {
  const suggestion = draft.saveTo || suggestedOutput(draft.name, draft)
  const answer = await askText(frame, t('Folder for the result; it must not exist yet'), suggestion, (text) => {
    if (text.trim() === '') return t('A folder is needed')
    const target = isAbsolute(text) ? text : resolve(parent, text)
    return existsSync(target) ? t('{0} exists already, and nothing is ever overwritten', basename(target)) : undefined
  })
  if (answer !== null && answer !== 'back') draft.saveTo = answer.value
  return answer
}

async function writeRecipe(parent: string, draft: Draft): Promise<vscode.Uri> {
  const file = freeName(basename(draft.saveTo), recipeExtension, (name) => existsSync(join(parent, name)))
  const uri = vscode.Uri.file(join(parent, file))
  await vscode.workspace.fs.writeFile(uri, Buffer.from(recipeText(draft)))
  return uri
}
