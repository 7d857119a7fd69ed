// A model card beside a saved checkpoint, written because a person asked for it, and opened.
import * as vscode from 'vscode'
import type { Services } from '../services.ts'
import { requireTrust } from '../support/trust.ts'

/** `path`: of the checkpoint, in whatever form. */
export async function writeCard({ call }: Services, path: string): Promise<void> {
  if (!(await requireTrust(vscode.l10n.t('Writing a model card')))) return
  const { file } = await call('writeCard', { path })
  await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false })
}
