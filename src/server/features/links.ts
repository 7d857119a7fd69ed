// Paths of a recipe as links to what they name.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DocumentLink } from 'vscode-languageserver/node'
import type { Path } from '../../shared/recipe/document.ts'
import { dataUses } from '../../shared/recipe/dataUses.ts'
import type { Analysis } from '../analyses.ts'

export function documentLinks({ context, document, folder, facts, dialect }: Analysis): DocumentLink[] {
  if (folder === null || dialect !== null) return []
  const links: DocumentLink[] = []
  const link = (path: Path, file: string, tooltip: string) => {
    if (typeof context.get(path) !== 'string') return
    links.push({ range: document.rangeOf(path), target: pathToFileURL(resolve(folder, file)).href, tooltip })
  }
  const { model, save, recover } = context.resolved
  // A folder cannot be opened as a document; its config.json can.
  if (facts?.model?.config) link(['model'], `${model}/config.json`, 'Open config.json of the model')
  for (const { path, data } of dataUses(context.resolved)) {
    if (facts?.data.get(data)?.exists) link([...path, 'data'], data, 'Open the data')
  }
  if (recover?.lora.init) link(['recover', 'lora', 'init'], recover.lora.init, 'Open the start matrices')
  if (save && facts?.output?.exists) link(['save', 'to'], `${save.to}/config.json`, 'Open config.json of the result')
  return links
}
