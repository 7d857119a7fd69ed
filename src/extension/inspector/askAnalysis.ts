// The questions of an analysis: Analyse… asks for the text and how far; measuring in place takes the text that is known, and asks only
// where there is none.
import * as vscode from 'vscode'
import { dirname, resolve } from 'node:path'
import type { ParamsOf } from '../../protocol/parameters.ts'
import { defaultMethods, defaultSparsities, type SensitivityUnit } from '../../plan/analysis.ts'
import { andList } from '../../formatting/lists.ts'
import { modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { type MethodName, methodOf } from '../../catalog/methods/methods.ts'
import { askCorpus, type Choice, pickOne } from '../recipe/askCorpus.ts'
import { filesOf } from '../../recipe/dataFiles.ts'
import { parseRecipe } from '../../lint/lint.ts'
import type { Caller } from '../backend/calls.ts'
import { requireTrust } from '../support/settings.ts'
import type { ModelSession } from './modelSession.ts'
import { isHubName, modelPath } from '../../engine/checkpoint/hubCache.ts'
import { locate, nameOfWeights } from '../../engine/checkpoint/locate.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'
import { readDocument } from '../../recipe/document.ts'
import { recipeLanguage } from '../contributions.ts'

const t = vscode.l10n.t

/** Each question has a default. null when the person left. */
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
      detail: t('{0} at {1}, and statistics of the inputs. Takes about as long as pruning once.', methods, sparsities),
      value: null,
    },
    {
      label: t('Also what each block costs the model'),
      detail: t('The loss with one block pruned and all others dense.'),
      value: 'block',
    },
    {
      label: t('Also what each matrix costs the model'),
      detail: t('The loss with one matrix pruned and all others dense. Takes longest.'),
      value: 'linear',
    },
  ]
}

/**
 * Measures other methods on the text of the analysis that this model has; without one, on that of the open recipe, else on a text that is
 * asked for. `blocks`: only so many of the first. Resolves at the end, after the views have been updated.
 */
export async function measureInPlace(
  session: ModelSession,
  call: Caller,
  methods: MethodName[],
  blocks?: number,
): Promise<void> {
  if (!(await requireTrust(t('Analysing')))) return
  const { calibration: known, sparsities, patterns } = await call('measurable', { path: session.path })
  const calibration = known ?? (await recipesText(session.path)) ?? (await askedText(session.path))
  if (calibration) await session.analyse({ calibration, methods, sparsities, patterns, sensitivity: null, blocks })
}

/** With the analysis' own number of windows, of the first file: a ranking is content with few. */
async function recipesText(weights: string): Promise<ParamsOf<'analyse'>['calibration'] | null> {
  const document = await openRecipeOf(weights)
  const calibration = document && parseRecipe(document.getText()).recipe?.calibration
  if (!document || !calibration) return null
  const { data, field } = calibration
  return { data: resolve(dirname(document.uri.fsPath), filesOf(data)[0]), ...(field !== undefined && { field }) }
}

async function askedText(weights: string): Promise<ParamsOf<'analyse'>['calibration'] | null> {
  const title = t('Measure on {0}', modelLabel(weights))
  const answer = await askCorpus({ title, step: 1, total: 1 }, dirname(dirname(weights)))
  return answer === null || answer === 'back' ? null : { data: answer.value }
}

/** The recipe of a model that is open in an editor: of several the visible one, else the first. `weights`: index or weights file. */
async function openRecipeOf(weights: string): Promise<vscode.TextDocument | undefined> {
  const own = await nameOfWeights(weights)
  for (const document of recipesInTabs()) {
    // One with errors is still this model's.
    const { model } = fieldsOf(readDocument(document.getText()).value)
    if (typeof model !== 'string') continue
    const path = modelPath(dirname(document.uri.fsPath), model)
    // The folder of a model of the Hub is its snapshot; without a snapshot it is another model.
    const place = isHubName(path)
      ? await locate(path).then(
          ({ folder }) => folder,
          () => '',
        )
      : path
    if (place === own || place === weights) return document
  }
  return undefined
}

/** What a person sees as open: texts that VS Code or an extension holds besides are none, and a run's own is a record. */
function recipesInTabs(): vscode.TextDocument[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs)
  const open = new Set(
    tabs.flatMap(({ input }) => (input instanceof vscode.TabInputText ? [input.uri.toString()] : [])),
  )
  const visible = vscode.window.visibleTextEditors.map(({ document }) => document)
  return [...new Set([...visible, ...vscode.workspace.textDocuments])].filter(
    ({ languageId, uri }) =>
      languageId === recipeLanguage && open.has(uri.toString()) && !uri.path.includes('/.sparsescope/'),
  )
}
