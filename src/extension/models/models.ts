// All checkpoints of the workspace and of the Hugging Face cache.
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import { indexGlobs, modelLabel, weightsGlobs } from '../../catalog/formats/checkpointFormats.ts'
import { messageOf } from '../../errors.ts'
import { hubCacheFolder } from '../../engine/checkpoint/hubCache.ts'
import { hubModels, weightsOfModels } from './modelFiles.ts'
import type { FactsThread, ModelFacts } from '../support/factsThread.ts'
import { stampOf, type KnownSparsity } from './knownSparsity.ts'

export type ModelGroup = 'workspace' | 'hub'

export interface ModelEntry {
  group: ModelGroup
  /** Path that is opened: the index of a sharded model, else the file. */
  uri: vscode.Uri
  label: string
  /** Snapshot of the Hub. */
  revision?: string
  /** Its folder or its revision, to distinguish equal labels. */
  hint?: string
  /** Facts, null for headers that are too long for a list, or the sentence that says why they cannot be read. */
  facts: ModelFacts | null | string
}

type ModelPlace = Omit<ModelEntry, 'facts'>
type Places = Record<ModelGroup, ModelPlace[]> & Pick<KnownModels, 'gguf'>

interface KnownModels {
  workspace: ModelEntry[]
  hub: ModelEntry[]
  /** GGUF files of the workspace, listed separately because the engine cannot compute with them. */
  gguf: vscode.Uri[]
}

const mostModels = 200
const excluded = '**/{node_modules,.git,.sparsescope}/**'

/** Headers are read once for each state of a file, in a thread, and only when the models are shown. */
export class Models {
  private readonly read = new Map<string, { stamp: string; facts: ModelEntry['facts'] }>()
  private placing: Promise<Places> | null = null
  private finding: Promise<KnownModels> | null = null
  private readonly forgotten = new vscode.EventEmitter<void>()
  /** Fires when the list may have changed. */
  readonly onForget = this.forgotten.event

  constructor(
    private readonly sparsity: KnownSparsity,
    private readonly thread: Pick<FactsThread, 'list'>,
  ) {}

  /** Searches once after each `forget`. */
  find(): Promise<KnownModels> {
    this.finding ??= this.look()
    return this.finding
  }

  /** The paths of the workspace's checkpoints and GGUF files, found by name; no file is opened. */
  async paths(): Promise<{ models: string[]; gguf: string[] }> {
    const { workspace, gguf } = await this.places()
    return { models: workspace.map(({ uri }) => uri.fsPath), gguf: gguf.map(({ fsPath }) => fsPath) }
  }

  forget(): void {
    this.placing = null
    this.finding = null
    this.forgotten.fire()
  }

  dispose(): void {
    this.forgotten.dispose()
  }

  private places(): Promise<Places> {
    this.placing ??= findPlaces()
    return this.placing
  }

  private async look(): Promise<KnownModels> {
    const { workspace, hub, gguf } = await this.places()
    const all: ModelEntry[] = []
    for (const place of [...workspace, ...hub]) all.push({ ...place, facts: await this.factsOf(place.uri.fsPath) })
    const models = all.filter(({ facts }) => facts === null || typeof facts === 'string' || facts.isModel)
    addHints(models)
    models.sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }))
    return {
      workspace: models.filter((m) => m.group === 'workspace'),
      hub: models.filter((m) => m.group === 'hub'),
      gguf,
    }
  }

  private async factsOf(path: string): Promise<ModelEntry['facts']> {
    const stamp = await stampOf(path)
    const known = this.read.get(path)
    const facts = known?.stamp === stamp ? known.facts : await this.thread.list(path).catch(messageOf)
    this.read.set(path, { stamp, facts })
    if (facts === null || typeof facts === 'string') return facts
    // Counted zeros override those that a run recorded: training may have filled zeros since.
    return { ...facts, sparsity: this.sparsity.get(path, stamp) ?? facts.sparsity }
  }
}

async function findPlaces(): Promise<Places> {
  const [files, indexes, gguf, cached] = await Promise.all([
    vscode.workspace.findFiles(`**/{${weightsGlobs.join()}}`, excluded, 10 * mostModels),
    vscode.workspace.findFiles(`**/{${indexGlobs.join()}}`, excluded, mostModels),
    vscode.workspace.findFiles('**/*.{gguf,GGUF}', excluded, mostModels),
    hubModels(hubCacheFolder(), mostModels),
  ])
  const workspace = weightsOfModels(files, indexes)
    .slice(0, mostModels)
    .map((uri) => ({ group: 'workspace' as const, uri, label: modelLabel(uri.fsPath) }))
  const paths = new Set(workspace.map(({ uri }) => uri.fsPath))
  const hub = cached
    .filter(({ weights }) => !paths.has(weights))
    .map(({ weights, revision }) => ({
      group: 'hub' as const,
      uri: vscode.Uri.file(weights),
      label: modelLabel(weights),
      revision,
    }))
  return { workspace, hub, gguf: gguf.sort((a, b) => a.fsPath.localeCompare(b.fsPath, 'en', { numeric: true })) }
}

/** Gives a hint to each entry that shares its label with another. */
function addHints(models: ModelEntry[]): void {
  const count = new Map<string, number>()
  for (const { label } of models) count.set(label, (count.get(label) ?? 0) + 1)
  for (const entry of models)
    if ((count.get(entry.label) ?? 0) > 1) entry.hint = entry.revision?.slice(0, 8) ?? placeOf(entry.uri)
}

/** Folder of a file, relative to its workspace folder; empty for a file at the top of the only workspace folder. */
export function placeOf(uri: vscode.Uri): string {
  const place = dirname(vscode.workspace.asRelativePath(uri))
  return place === '.' ? '' : place
}
