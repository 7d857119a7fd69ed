// Changes a recipe from the map: the open recipe of this model, or a new one, prunes marked matrices less, more or not
// at all, or spreads its sparsity over the blocks.
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import { isHubName, modelPath } from '../../engine/checkpoint/hubCache.ts'
import { locate } from '../../engine/checkpoint/locate.ts'
import { allocateBy, type AllocateBy } from '../../shared/allocations/allocateBy.ts'
import { errorCurves } from '../../shared/analysis/allocateByError.ts'
import { expectedError } from '../../shared/analysis/expectedError.ts'
import type { MeasuredModule } from '../../shared/analysis/analysis.ts'
import { moduleOfWeight } from '../../shared/families/parameters.ts'
import { formatShare } from '../../shared/format/numbers.ts'
import { pruneEntries } from '../../shared/plan/pruneEntries.ts'
import type { OpenedModel } from '../../shared/protocol/inspect.ts'
import { parseRecipe } from '../../shared/lint/parse.ts'
import { resolvePruneStep } from '../../shared/recipe/resolve.ts'
import { shapePruning, shapes, type Shape } from '../../shared/recipe/shapePruning.ts'
import { spreadPruning, spreadsLater, type SpreadModule } from '../../shared/analysis/spreadPruning.ts'
import { recipeLanguage } from '../contributions.ts'
import type { Models } from '../models/models.ts'
import { newRecipe } from '../recipe/newRecipe.ts'
import { plainText } from '../support/plainText.ts'

const t = vscode.l10n.t

export interface ShapeRequest {
  /** Index or weights file of the model. */
  readonly weights: string
  readonly shape: Shape | AllocateBy
  /** Tensors; of no meaning to what spreads over the blocks. */
  readonly names: readonly string[]
}

/** The new text of the recipe, or the reason why there is none; undefined when the person cancelled. */
export async function shapeRecipe(
  models: Models,
  opened: OpenedModel,
  { weights, shape, names }: ShapeRequest,
): Promise<string | undefined> {
  const document =
    (await recipeOf(weights)) ?? (await newRecipe(models, vscode.Uri.file(weights)).then(() => recipeOf(weights)))
  if (!document) return undefined
  const linears = linearsOf(opened)
  const before = document.getText()
  const own = shapes.find((known) => known === shape)
  const spread = allocateBy.find((known) => known === shape)
  const shaped = own
    ? shapePruning(before, linears, new Set(names.map(moduleOfWeight)), own)
    : spreadPruning(before, linears, opened.model.blocks, spread ?? 'error', (some, method) =>
        curvesOf(opened, some, method),
      )
  if (shaped.problem !== undefined) {
    if ('unmeasured' in shaped) offerAnalysis(weights, shaped.problem)
    return t('Nothing was changed: {0}', shaped.problem)
  }
  const edit = new vscode.WorkspaceEdit()
  const all = new vscode.Range(document.positionAt(0), document.positionAt(before.length))
  edit.replace(document.uri, all, shaped.text)
  if (!(await vscode.workspace.applyEdit(edit))) return t('Nothing was changed: the recipe cannot be edited.')
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true })
  return summary(shaped.text, opened)
}

/** Shows a message without waiting for the answer. */
function offerAnalysis(weights: string, problem: string): void {
  const analyse = t('Analyse…')
  const message = t('{0}. An analysis measures it and takes about as long as pruning once.', problem)
  void vscode.window.showWarningMessage(plainText(message), analyse).then((answer) => {
    if (answer === analyse) void vscode.commands.executeCommand('sparsescope.analyse', vscode.Uri.file(weights))
  })
}

function curvesOf({ analysis }: OpenedModel, linears: readonly SpreadModule[], method: string) {
  const sizes = new Map(linears.map(({ name, parameters }) => [name, parameters]))
  const measured = (analysis?.modules ?? []).filter(({ name }) => sizes.has(name))
  // Some have not been reached yet.
  return measured.length < linears.length ? null : errorCurves(measured, (name) => sizes.get(name) ?? 0, () => method) // prettier-ignore
}

/** The recipe of this model that is open; of several the one in sight. */
async function recipeOf(weights: string): Promise<vscode.TextDocument | undefined> {
  const visible = vscode.window.visibleTextEditors.map(({ document }) => document)
  const documents = [...visible, ...vscode.workspace.textDocuments].filter((d) => d.languageId === recipeLanguage && !d.isClosed) // prettier-ignore
  for (const document of documents) {
    const model = parseRecipe(document.getText()).recipe?.model
    if (model === undefined) continue
    const path = modelPath(dirname(document.uri.fsPath), model)
    // A model of the Hub lies where its snapshot is; without a snapshot it is another model.
    const place = isHubName(path)
      ? await locate(path).then(
          ({ folder }) => folder,
          () => '',
        )
      : path
    if (place === dirname(weights) || place === weights) return document
  }
  return undefined
}

function linearsOf({ model }: OpenedModel) {
  return model.tensors
    .filter((tensor) => tensor.role === 'linear' && tensor.block !== null)
    .map(({ name, block, parameters }) => ({ name: moduleOfWeight(name), className: 'Linear', block: block ?? 0, parameters })) // prettier-ignore
}

/** Mean sparsity over all weights of the blocks' matrices, and what of their outputs is lost where that was measured. */
function summary(text: string, opened: OpenedModel): string | undefined {
  const linears = linearsOf(opened)
  const steps = (parseRecipe(text).recipe?.prune ?? []).map(resolvePruneStep)
  const modules = new Map((opened.analysis?.modules ?? []).map((module): [string, MeasuredModule] => [module.name, module])) // prettier-ignore
  let [weights, zeros, error, known] = [0, 0, 0, true]
  const entries = pruneEntries(steps, linears, opened.model.blocks)
  for (const { name, parameters } of linears) {
    const i = entries.findIndex(({ sparsities }) => sparsities.has(name))
    weights += parameters
    if (i < 0) continue
    const sparsity = entries[i].sparsities.get(name) ?? 0
    zeros += sparsity * parameters
    const module = modules.get(name)
    const lost = module ? expectedError(module, { method: steps[i].method, sparsity, pattern: steps[i].pattern }) : null
    if (lost === null) known = false
    else error += lost * parameters
  }
  const mean = t('mean sparsity {0}', formatShare(zeros / weights))
  const later = steps.some(spreadsLater) ? `, ${t('spread over the blocks when it runs')}` : ''
  return known && modules.size > 0 && later === '' ? `${mean}, ${t('expected error {0} of the outputs', formatShare(error / weights))}` : `${mean}${later}` // prettier-ignore
}
