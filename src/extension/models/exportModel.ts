// Exports of a checkpoint: a GGUF file for llama.cpp, whose type and path the user chooses, and a model card.
import * as vscode from 'vscode'
import { basename, dirname } from 'node:path'
import { formatBytes } from '../../formatting/numbers.ts'
import { isGguf } from '../../catalog/formats/checkpointFormats.ts'
import type { GgufTypeName } from '../../catalog/formats/gguf/ggmlTypes.ts'
import { views } from '../../protocol/view.ts'
import type { Services } from '../services.ts'
import { plainText } from '../support/log.ts'
import { withBytes } from './hubTransfers.ts'
import { requireTrust } from '../support/settings.ts'

const t = vscode.l10n.t

/** "Export to GGUF…". `weights`: index or weights file. A model that llama.cpp does not support is refused before the first question. */
export async function exportGguf({ call }: Services, weights: vscode.Uri): Promise<void> {
  const path = weights.fsPath
  const folder = dirname(path)
  const { own, sizes } = await call('ggufSizes', { path })
  const choices = sizes.map(({ type, bytes }) => ({
    label: type,
    description: formatBytes(bytes),
    detail: type === own ? t('{0}, as the checkpoint has it', meaning(type)) : meaning(type),
    type,
  }))
  choices.sort((a, b) => Number(b.type === own) - Number(a.type === own))
  const title = t('Export {0} to GGUF', basename(folder))
  const chosen = await vscode.window.showQuickPick(choices, {
    title,
    placeHolder: t('Type of the matrices in the file'),
  })
  if (!chosen) return
  const beside = vscode.Uri.file(dirname(folder))
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.joinPath(beside, `${basename(folder)}-${chosen.type}.gguf`),
    filters: { GGUF: ['gguf'] },
  })
  if (!target) return
  // The dialog asks before it overwrites the file of the name given, not before `.gguf` is appended.
  const replaces = isGguf(target.fsPath)
  const to = replaces ? target.fsPath : `${target.fsPath}.gguf`
  const name = basename(to)
  const { bytes, warnings } = await withBytes(plainText(t('Writing {0}', name)), (options) =>
    call('writeGguf', { path, to, type: chosen.type, replaces }, options),
  )
  const said = plainText([t('{0} is written: {1}.', name, formatBytes(bytes)), ...warnings].join(' '))
  const show = warnings.length > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage
  const open = t('Open')
  if ((await show(said, open)) === open)
    await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(to), views.inspector.type)
}

function meaning(type: GgufTypeName): string {
  switch (type) {
    case 'f32':
      return t('four bytes a weight')
    case 'f16':
      return t('two bytes a weight, with more digits than bf16')
    case 'bf16':
      return t('two bytes a weight, with the range of f32')
    case 'q8_0':
      return t('about one byte a weight, rounded in groups of 32; zeros stay zeros')
  }
}

/** Writes a model card beside a saved checkpoint and opens it. `path`: its folder, its index or a weights file. */
export async function writeCard({ call }: Services, path: string): Promise<void> {
  if (!(await requireTrust(vscode.l10n.t('Writing a model card')))) return
  const { file } = await call('writeCard', { path })
  await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false })
}
