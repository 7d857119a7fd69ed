// Measures other methods on the text that an analysis of this model has, without a question; where there is none, on that of the
// recipe that is open, else on one that is asked for.
import type { ParamsOf } from '../../protocol/parameters.ts'
import { dirname, resolve } from 'node:path'
import * as vscode from 'vscode'
import { modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { filesOf } from '../../recipe/dataFiles.ts'
import { parseRecipe } from '../../lint/lint.ts'
import type { MethodName } from '../../catalog/methods/methods.ts'
import type { Caller } from '../backend/calls.ts'
import { askCorpus } from '../recipe/askCorpus.ts'
import { requireTrust } from '../support/trust.ts'
import type { ModelSession } from './modelSession.ts'
import { openRecipeOf } from './openRecipe.ts'

const t = vscode.l10n.t

/** `blocks`: only so many of the first. Resolves when it has ended; the views have been told. */
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
