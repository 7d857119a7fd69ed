// Measures what pruning would cost on the text of the model's analysis; without one it asks for a text.
import type { ParamsOf } from '../../protocol/parameters.ts'
import { basename, dirname, resolve } from 'node:path'
import { modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { filesOf } from '../../recipe/dataFiles.ts'
import { parseRecipe } from '../../lint/lint.ts'
import { measuredMethod } from '../../protocol/inspect.ts'
import type { Caller } from '../backend/calls.ts'
import { browseFolder, browseText, findTexts } from '../recipe/recipeDefaults.ts'
import { requireTrust } from '../support/settings.ts'
import type { ModelSession } from './modelSession.ts'
import { openRecipesOf } from './markedMatrices.ts'
import * as vscode from 'vscode'

const t = vscode.l10n.t

/** Resolves at the end, after the views have been updated. */
export async function measureInPlace(session: ModelSession, call: Caller): Promise<void> {
  if (!(await requireTrust(t('Analysing')))) return
  const { calibration: known, soFar: _, ...amounts } = await call('measurable', { path: session.path })
  const calibration = known ?? (await askedText(session.path))
  if (calibration) await session.analyse({ calibration, methods: [measuredMethod], ...amounts })
}

/** Certifies the masks of a model against its dense model; asks for the dense model and for a text. */
export async function measureRoom(session: ModelSession): Promise<void> {
  if (!(await requireTrust(t('Measuring')))) return
  const dense = await browseFolder(dirname(dirname(session.path)), t('The dense model'))
  const calibration = dense === undefined ? null : await askedText(session.path)
  if (calibration) await session.analyse({ calibration, sensitivity: null, dense })
}

type Text = ParamsOf<'analyse'>['calibration']
type Choice = vscode.QuickPickItem & { readonly text: Text | null }

/** Asks for a text: texts of open recipes of the model come first, then those near it. The number of windows is left to the analysis. */
async function askedText(weights: string): Promise<Text | null> {
  const near = dirname(dirname(weights))
  const first = (await openRecipesOf(weights)).flatMap(textOf)
  const others = (await findTexts(near)).map((uri): Choice => ({
    label: basename(uri.fsPath),
    description: vscode.workspace.asRelativePath(uri),
    text: { data: uri.fsPath },
  }))
  const items = [
    ...first,
    ...others.filter(({ text }) => first.every((one) => one.text?.data !== text?.data)),
    { label: t('$(folder-opened) Another file…'), text: null },
  ]
  const title = t('Measure on {0}', modelLabel(weights))
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: t('Text to calibrate on') })
  if (!chosen || chosen.text) return chosen?.text ?? null
  const data = await browseText(near)
  return data === undefined ? null : { data }
}

function textOf(document: vscode.TextDocument): Choice[] {
  const calibration = parseRecipe(document.getText()).recipe?.calibration
  if (!calibration) return []
  const { data, field } = calibration
  const path = resolve(dirname(document.uri.fsPath), filesOf(data)[0])
  const text = { data: path, ...(field !== undefined && { field }) }
  return [{ label: basename(path), description: t('as in {0}', basename(document.uri.path)), text }]
}
