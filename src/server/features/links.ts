// Paths of a recipe as links to their files.
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DocumentLink } from 'vscode-languageserver/node'
import { filesOfAdapter } from '../../engine/checkpoint/adapterFolder.ts'
import { locate } from '../../engine/checkpoint/locate.ts'
import { modelPath } from '../../engine/checkpoint/hubCache.ts'
import { isNetworkPath } from '../../engine/checkpoint/regularFile.ts'
import type { Path } from '../../recipe/document.ts'
import type { Analysis } from '../analyses.ts'

export async function documentLinks({ context, document, folder, facts }: Analysis): Promise<DocumentLink[]> {
  if (folder === null) return []
  const links: DocumentLink[] = []
  const link = (path: Path, file: string, tooltip: string) => {
    if (typeof context.get(path) !== 'string') return
    links.push({ range: document.rangeOf(path), target: pathToFileURL(resolve(folder, file)).href, tooltip })
  }
  const { model, save } = context.resolved
  // A folder cannot be opened as a document; its weights can, and the inspector is their editor.
  const linkModel = async (path: Path, written: string, tooltip: string) => {
    if (isNetworkPath(written)) return
    const weights = await weightsIn(modelPath(folder, written))
    if (weights) link(path, weights, tooltip)
  }
  if (model) await linkModel(['model'], model, 'Open the model')
  for (const { at, data } of context.uses) {
    const file = facts?.data.get(data)
    if (file?.exists && !file.isOnShare) link(at, data, 'Open the data')
  }
  for (const { path, resolved } of context.recoveries) {
    const { lora, adapter } = resolved
    const { init } = lora
    if (init) link([...path, 'lora', 'init'], init, 'Open the start matrices')
    if (adapter !== undefined && facts?.adapters?.get(adapter) === null) {
      const { weights } = await filesOfAdapter(modelPath(folder, adapter))
      link([...path, 'adapter'], weights, 'Open the adapter')
    }
  }
  if (save && facts?.output?.exists) await linkModel(['save', 'to'], save.to, 'Open the result')
  return links
}

async function weightsIn(path: string): Promise<string | null> {
  const located = await locate(path).catch(() => null)
  return located && join(located.folder, located.entry)
}
