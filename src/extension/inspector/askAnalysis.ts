// The questions of an analysis: Analyse… asks for the text and the depth. Measuring in place uses the known text, and asks only
// without one.
import type { ParamsOf } from '../../protocol/parameters.ts'
import { basename, dirname, resolve } from 'node:path'
import { modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { filesOf } from '../../recipe/dataFiles.ts'
import { parseRecipe } from '../../lint/lint.ts'
import { type MethodName, methodOf } from '../../catalog/methods/methods.ts'
import type { Caller } from '../backend/calls.ts'
import { askCorpus, browseFolder, type Choice, pickOne } from '../recipe/askCorpus.ts'
import { requireTrust } from '../support/settings.ts'
import type { ModelSession } from './modelSession.ts'
import { openRecipesOf } from './openRecipes.ts'
import type { SensitivityUnit } from '../../plan/analysis.ts'
import { defaultMethods, defaultSparsities } from '../../plan/candidates.ts'
import { andList } from '../../formatting/lists.ts'
import * as vscode from 'vscode'

const t = vscode.l10n.t

/** Each question has a default. null: the user cancelled. */
export async function askAnalysis(weights: string): Promise<Omit<ParamsOf<'analyse'>, 'path'> | null> {
  const model = dirname(weights)
  const title = t('Analyse {0}', modelLabel(weights))
  for (;;) {
    const corpus = await askCorpus({ title, step: 1, total: 2 }, dirname(model))
    if (corpus === null || corpus === 'back') return null
    const depth = await pickOne({ title, step: 2, total: 2 }, t('How far'), depths())
    if (depth === 'back') continue
    return depth && { calibration: { data: corpus.value }, sensitivity: depth.value }
  }
}

function depths(): Choice<SensitivityUnit | null>[] {
  const methods = andList(defaultMethods.map((name) => methodOf(name).title))
  const sparsities = andList(defaultSparsities.map((share) => `${100 * share} %`))
  return [
    {
      label: t('What pruning each matrix would cost'),
      detail: t('{0} at {1}, and statistics of the inputs. Takes about as long as one pruning.', methods, sparsities),
      value: null,
    },
    {
      label: t('Also what each block costs the model'),
      detail: t('The loss with one block pruned and all others dense.'),
      value: 'block',
    },
    {
      label: t('Also what each matrix costs the model'),
      detail: t('The loss with one matrix pruned and all others dense. Takes the longest.'),
      value: 'linear',
    },
  ]
}

/**
 * Measures methods on the text of the analysis that this model has; without one, asks for a text. Resolves at the end, after
 * the views have been updated.
 */
export async function measureInPlace(session: ModelSession, call: Caller, methods: MethodName[]): Promise<void> {
  if (!(await requireTrust(t('Analysing')))) return
  const { calibration: known, methods: _, ...amounts } = await call('measurable', { path: session.path })
  const calibration = known ?? (await askedText(session.path))
  if (calibration) await session.analyse({ calibration, methods, ...amounts })
}

/** Certifies the masks of a model beside its dense one; asks which that is, and for a text. */
export async function measureRoom(session: ModelSession): Promise<void> {
  if (!(await requireTrust(t('Measuring')))) return
  const dense = await browseFolder(dirname(dirname(session.path)), t('The dense model'))
  const calibration = dense === undefined ? null : await askedText(session.path)
  if (calibration) await session.analyse({ calibration, sensitivity: null, dense })
}

type Text = ParamsOf<'analyse'>['calibration']

/** The texts of open recipes of the model come first. The number of windows is the analysis' own: a ranking is content with few. */
async function askedText(weights: string): Promise<Text | null> {
  const title = t('Measure on {0}', modelLabel(weights))
  const texts = (await openRecipesOf(weights)).flatMap(textOf)
  const answer = await askCorpus({ title, step: 1, total: 1 }, dirname(dirname(weights)), texts)
  if (answer === null || answer === 'back') return null
  const field = texts.find(({ value }) => value === answer.value)?.field
  return { data: answer.value, ...(field !== undefined && { field }) }
}

function textOf(document: vscode.TextDocument): (Choice<string> & { field?: string })[] {
  const calibration = parseRecipe(document.getText()).recipe?.calibration
  if (!calibration) return []
  const { data, field } = calibration
  const value = resolve(dirname(document.uri.fsPath), filesOf(data)[0])
  return [{ label: basename(value), description: t('as in {0}', basename(document.uri.path)), value, field }]
}
