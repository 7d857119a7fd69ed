// "Publish to the Hub…": the result of a run. What would be sent, and who could read it, is said before anything is.
import * as vscode from 'vscode'
import { isHubName, parseHubName } from '../../engine/checkpoint/hubCache.ts'
import { formatBytes } from '../../formatting/numbers.ts'
import { pushText } from '../../protocol/push.ts'
import type { Services } from '../services.ts'
import { plainText } from '../support/log.ts'
import { requireTrust } from '../support/settings.ts'
import { messageOf } from '../../errors.ts'
import type { PullProgress } from '../../protocol/rpc.ts'

const t = vscode.l10n.t

/** Lines for files that the run wrote: shards may be hundreds. All others are always listed. */
const mostOfRun = 12

/** `folder`: of the run or of its result. */
export async function publishModel({ call }: Services, folder: string): Promise<void> {
  if (!(await requireTrust(t('Publishing')))) return
  const title = t('Publish to the Hub')
  const prompt = t(
    'The repository, org/name, with the name of your account as org. Nothing is sent before you have seen what.',
  )
  const name = await askHubName({ title, prompt, placeHolder: 'me/opt-125m-wanda50' }, '')
  if (name === undefined) return
  const { repository, revision } = parseHubName(name)
  const readers = await vscode.window.showQuickPick(
    [
      { label: t('Private'), description: t('only those who have access read it'), isPrivate: true },
      { label: t('Public'), description: t('everybody can read it'), isPrivate: false },
    ],
    { title, placeHolder: t('Where {0} has to be made, who reads it?', repository) },
  )
  if (!readers) return
  const asked = { folder, repository, revision, isPrivate: readers.isPrivate }
  const plan = await withBytes(t('Looking what is on the Hub'), ({ signal }) => call('planPublish', asked, { signal }))
  const missing = plan.files.filter(({ state }) => state !== 'there')
  if (missing.length > 0) {
    const send = plan.isPrivate ? t('Send') : t('Send, for Everybody to Read')
    const bytes = formatBytes(missing.reduce((sum, file) => sum + file.bytes, 0))
    const question = t('Send {0} to {1}?', bytes, repository)
    const options = { modal: true, detail: plainText(pushText(plan, plan.ownPaths, mostOfRun).join('\n')) }
    if ((await vscode.window.showInformationMessage(question, options, send)) !== send) return
  }
  const { address } = await withBytes(t('Publishing {0}', repository), (options) =>
    call('publish', { ...asked, agreed: plan.agreed }, options),
  )
  const open = t('Open Its Page')
  const done = t('{0} is published, and every file was checked by its hash.', repository)
  if ((await vscode.window.showInformationMessage(done, open)) === open)
    await vscode.env.openExternal(vscode.Uri.parse(address))
}

// "Pull from the Hub…": what downloads in the extension, and only after a person has confirmed the name.
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

/** `given`: a name to start with. `withFile`: one of its files may be named after #. undefined when the person leaves. */
export async function askHubName(
  texts: { title: string; prompt: string; placeHolder?: string; withFile?: boolean },
  given: string,
): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    placeHolder: 'facebook/opt-125m',
    ...texts,
    value: isHubName(given) ? given.slice(3) : given,
    ignoreFocusOut: true,
    validateInput: (text) => problemOf(texts.withFile ? text.replace(/#.*/, '') : text),
  })
  return typed?.trim() || undefined
}

function problemOf(text: string): string | undefined {
  if (text.trim() === '') return undefined
  try {
    parseHubName(text.trim())
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

// The notification of bytes that are fetched, sent or written: how far it is, and a way to stop it.
interface Options {
  signal: AbortSignal
  onProgress: (progress: PullProgress) => void
}

export function withBytes<T>(title: string, work: (options: Options) => Promise<T>): Thenable<T> {
  const shape = { location: vscode.ProgressLocation.Notification, title, cancellable: true }
  return vscode.window.withProgress(shape, (progress, token) => {
    const abort = new AbortController()
    token.onCancellationRequested(() => abort.abort())
    let shown = 0
    const onProgress = ({ have, total }: PullProgress) => {
      const percent = total > 0 ? (100 * have) / total : 0
      const message = vscode.l10n.t('{0} of {1}', formatBytes(have), formatBytes(total))
      progress.report({ increment: Math.max(0, percent - shown), message })
      shown = Math.max(shown, percent)
    }
    return work({ signal: abort.signal, onProgress })
  })
}
