// "Publish to the Hub…": the result of a run. The user sees the files and their readers before anything is sent.
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
    'Name of the repository: org/name, with your account as org. You see the files before anything is sent.',
  )
  const name = await askHubName({ title, prompt, placeHolder: 'me/opt-125m-wanda50' }, '')
  if (name === undefined) return
  const { repository, revision } = parseHubName(name)
  const readers = await vscode.window.showQuickPick(
    [
      { label: t('Private'), description: t('only people with access can read it'), isPrivate: true },
      { label: t('Public'), description: t('everybody can read it'), isPrivate: false },
    ],
    { title, placeHolder: t('If {0} is new, who can read it?', repository) },
  )
  if (!readers) return
  const asked = { folder, repository, revision, isPrivate: readers.isPrivate }
  const plan = await withBytes(t('Reading the repository on the Hub'), ({ signal }) =>
    call('planPublish', asked, { signal }),
  )
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
  const done = t('{0} is published. The hash of every file was checked.', repository)
  if ((await vscode.window.showInformationMessage(done, open)) === open)
    await vscode.env.openExternal(vscode.Uri.parse(address))
}

// "Pull from the Hub…": downloads a model after the user has confirmed its name.
/** `given`: a name to start with. Returns the folder of the model; undefined: cancelled. */
export async function pullModel({ call }: Services, given: string): Promise<string | undefined> {
  const title = t('Pull from the Hub')
  const prompt = t(
    "Name of the model: org/name or org/name@revision. SparseScope downloads it into the Hub's cache on this machine.",
  )
  const name = await askHubName({ title, prompt }, given)
  if (name === undefined) return undefined
  const { folder } = await withBytes(t('Pulling {0}', name), (options) => call('pull', { name }, options))
  return folder
}

/** `given`: a name to start with. `withFile`: one of its files may be named after #. undefined: cancelled. */
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
