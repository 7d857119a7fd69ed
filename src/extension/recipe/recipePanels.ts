// The form of a recipe: proposals from the model's header and the texts near it, the plan of the choices, and the written recipe. The
// recipe is the only record: the form stores nothing elsewhere.
import * as vscode from 'vscode'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fieldsOf } from '../../catalog/formats/json.ts'
import { modelLabel } from '../../catalog/formats/checkpointFormats.ts'
import { type FromAnyView, type FromRecipe, type RecipeStart, type ToRecipe, views } from '../../protocol/view.ts'
import { chainFor } from '../../recipe/measured.ts'
import { formFields } from '../../recipe/settings/fields.ts'
import {
  freeName,
  recipeExtension,
  trainedOf,
  withTexts,
  withTrain,
  type RecipeChoices,
} from '../../recipe/writing/choices.ts'
import { recipeText, writtenChoices } from '../../recipe/writing/recipeText.ts'
import type { Services } from '../services.ts'
import { messageOf } from '../../errors.ts'
import { reached } from '../support/settings.ts'
import { bindView } from '../views/bindView.ts'
import {
  browseFolder,
  browseText,
  findTexts,
  isCorpus,
  recipeStart,
  toRecipePath,
  writtenOf,
  type RecipeStart as Start,
} from './recipeDefaults.ts'

const t = vscode.l10n.t

interface Subject {
  /** Index or weights file. */
  readonly weights: string
  readonly kind: RecipeStart['kind']
}

export class RecipePanels implements vscode.WebviewPanelSerializer<unknown> {
  private readonly open = new Map<string, vscode.WebviewPanel>()

  constructor(private readonly services: Services) {
    services.context.subscriptions.push(vscode.window.registerWebviewPanelSerializer(views.recipe.type, this))
  }

  show(subject: Subject): void {
    const known = this.open.get(keyOf(subject))
    if (known) return known.reveal()
    const label = modelLabel(subject.weights)
    const title = subject.kind === 'prune' ? t('Prune {0}', label) : t('Recover {0}', label)
    this.adopt(vscode.window.createWebviewPanel(views.recipe.type, title, vscode.ViewColumn.Active), subject)
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const { weights, kind } = fieldsOf(state)
    if (typeof weights !== 'string') return panel.dispose()
    this.adopt(panel, { weights, kind: kind === 'recover' ? kind : 'prune' })
  }

  private adopt(panel: vscode.WebviewPanel, subject: Subject): void {
    const { services } = this
    this.open.set(keyOf(subject), panel)
    let known: Start | null = null
    /** The recipe is being written, which takes a while on a remote machine. A second press means the same recipe. */
    let isWriting = false
    const begin = async () => {
      view.post({ type: 'loading', what: t('Reading the model’s header') })
      try {
        known = await recipeStart(subject.weights, services.facts)
        view.post({ type: 'start', ...(await startOf(subject, known)) })
      } catch (error) {
        view.post({ type: 'failed', message: messageOf(error) })
      }
    }
    const handle = async (message: Exclude<FromRecipe, FromAnyView>): Promise<void> => {
      if (known === null) return
      const { folder } = known
      switch (message.type) {
        case 'write':
          return view.post({ type: 'written', ...writtenChoices(message.all, writing(known)) })
        case 'plan':
          return view.post(await this.planned(folder, message.text))
        case 'browse': {
          const path = await (message.use === 'adapter' ? browseFolder(folder) : browseText(folder))
          if (path) view.post({ type: 'browsed', use: message.use, path: toRecipePath(folder, path) })
          return
        }
        case 'create': {
          if (isWriting) return
          const { recipe, saveTo } = writing(known)(message.choices)
          isWriting = true
          const writes = writeRecipe(folder, saveTo, recipeText(recipe))
          const uri = await writes.finally(() => (isWriting = false))
          panel.dispose()
          reached('write')
          await vscode.window.showTextDocument(uri, { preview: false })
          const run = recipe.sweep ? 'sparsescope.runSweep' : 'sparsescope.runRecipe'
          if (message.run) await vscode.commands.executeCommand(run, uri)
        }
      }
    }
    const view = bindView<ToRecipe, FromRecipe>(services, panel, {
      view: 'recipe',
      exportFolder: () => undefined,
      onReady: begin,
      onMessage: handle,
      onClose: () => {
        if (this.open.get(keyOf(subject)) === panel) this.open.delete(keyOf(subject))
      },
    })
  }

  /** The view drops a plan of a text that it no longer shows. */
  private async planned(folder: string, text: string): Promise<Extract<ToRecipe, { type: 'planned' }>> {
    try {
      const { call } = this.services
      const recipe = join(folder, `form${recipeExtension}`)
      const plan = await call('plan', { recipe, text })
      return { type: 'planned', text, plan, problem: null }
    } catch (error) {
      return { type: 'planned', text, plan: null, problem: messageOf(error) }
    }
  }
}

const writing = (known: Start) => (choices: RecipeChoices) => writtenOf(choices, known)

const keyOf = ({ weights, kind }: Subject) => `${kind} ${weights}`

/** What the form begins with. */
async function startOf(
  { weights, kind }: Subject,
  { folder, facts, choices, canRetrain }: Start,
): Promise<RecipeStart> {
  const found = await findTexts(folder)
  const pathsOf = (uris: readonly vscode.Uri[]) => uris.map(({ fsPath }) => toRecipePath(folder, fsPath))
  const filled = withTexts(choices, pathsOf(found.filter(isCorpus)))
  const train = trainedOf(facts)
  const { parameters, sparsity } = facts
  // Reconstruction needs the dense model, so a model that is already pruned is retrained.
  const proposed =
    kind === 'prune' ? filled : { ...filled, prune: null, recover: withTrain(chainFor('retrain', parameters), train) }
  return {
    ...{ kind, weights, label: modelLabel(weights), parameters, sparsity, choices: proposed, train, canRetrain },
    texts: pathsOf(found),
    fields: formFields(),
  }
}

async function writeRecipe(folder: string, saveTo: string, text: string): Promise<vscode.Uri> {
  if (!vscode.workspace.isTrusted) throw new Error(t('Writing a recipe needs a trusted workspace.'))
  // Paths in the recipe are relative to this folder, even if the result is saved elsewhere.
  const file = freeName(basename(saveTo), recipeExtension, (name) => existsSync(join(folder, name)))
  const uri = vscode.Uri.file(join(folder, file))
  await vscode.workspace.fs.writeFile(uri, Buffer.from(text))
  return uri
}
