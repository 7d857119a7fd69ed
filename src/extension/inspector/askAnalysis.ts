// Analyse…: on which text, and how far. Each question has a default; what was measured once is there the next time.
import type { ParamsOf } from '../../protocol/parameters.ts'
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import { defaultMethods, defaultSparsities, type SensitivityUnit } from '../../plan/analysis.ts'
import { andList } from '../../formatting/lists.ts'
import { modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { methodOf } from '../../catalog/methods/methods.ts'
import { askCorpus } from '../recipe/askCorpus.ts'
import { pickOne, type Choice } from '../recipe/steps.ts'

const t = vscode.l10n.t

/** null when the person left. */
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
