// "Pull from the Hub…": what downloads in the extension, and only after a person has confirmed the name.
import * as vscode from 'vscode'
import type { Services } from '../services.ts'
import { askHubName } from './askHubName.ts'
import { withBytes } from './withBytes.ts'

const t = vscode.l10n.t

/** `given`: a name to start with. Returns the folder of what came; undefined when the person leaves. */
export async function pullModel({ call }: Services, given: string): Promise<string | undefined> {
  const title = t('Pull from the Hub')
  const prompt = t(
    "A model's name, org/name or org/name@revision. It is downloaded into the Hub's cache on this machine.",
  )
  const name = await askHubName({ title, prompt }, given)
  if (name === undefined) return undefined
  const { folder } = await withBytes(t('Pulling {0}', name), (options) => call('pull', { name }, options))
  return folder
}
