// Measures methods on the text that an analysis of this model has, without a question; where there is none, the text is asked for.
import type { ParamsOf } from '../../protocol/parameters.ts'
import { basename, dirname, resolve } from 'node:path'
import * as vscode from 'vscode'
import { modelLabel } from '../../catalog/formats/modelLabel.ts'
import { filesOf } from '../../recipe/dataFiles.ts'
import { parseRecipe } from '../../lint/parse.ts'
import type { MethodName } from '../../catalog/methods/methods.ts'
import type { Caller } from '../backend/calls.ts'
import { askCorpus } from '../recipe/askCorpus.ts'
import type { Choice } from '../recipe/steps.ts'
import { requireTrust } from '../support/trust.ts'
import type { ModelSession } from './modelSession.ts'
import { openRecipesOf } from './openRecipes.ts'

const t = vscode.l10n.t

/** Resolves when it has ended; the views have been told. */
export async function measureInPlace(session: ModelSession, call: Caller, methods: MethodName[]): Promise<void> {
  if (!(await requireTrust(t('Analysing')))) return
  const { calibration: known, sparsities, patterns } = await call('measurable', { path: session.path })
  const calibration = known ?? (await askedText(session.path))
  if (calibration) await session.analyse({ calibration, methods, sparsities, patterns, sensitivity: null })
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
