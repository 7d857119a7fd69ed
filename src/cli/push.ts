// `sparsescope push`: publishes a result on the Hub, after the user has confirmed the files and their readers.
import { parseHubName } from '../engine/checkpoint/hubCache.ts'
import { EngineError } from '../engine/errors.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { bytesToSend, planPush, push, type PushPlan } from '../engine/hub/push.ts'
import { publicationOf } from '../engine/run/origin/publication.ts'
import { formatBytes } from '../formatting/numbers.ts'
import { megabytesOf } from './screen.ts'
import { command, type CommonOptions, type Context, type Outcome, runs } from './command.ts'

interface PushCommandOptions extends CommonOptions {
  create?: boolean
  private?: boolean
  revision?: string
  yes?: boolean
}

export const pushCommand = command('push', 'publish the result of a run on the Hub', [
  'push opt-125m-wanda50 me/opt-125m-wanda50 --create --private',
  'push .sparsescope/runs/20261128-120000-wanda me/opt-125m-wanda50 --yes',
])
  .argument('<folder>', 'folder of a result, or of the finished run that saved it')
  .argument('<model>', 'org/name, the repository')
  .option('--create', 'create the repository or the branch if it does not exist')
  .option('--private', 'make it private; without this, everybody can read it')
  .option('--revision <name>', 'the branch to push to (default: main)')
  .option('--yes', 'do not ask; for scripts')
  .addHelpText(
    'after',
    '\nBefore it sends anything, push lists the files that everybody could read, and asks. The token is HF_TOKEN, or that of `hf auth login`; it needs write access. Files that are on the Hub already are not sent again, so a stopped push continues.',
  )
  .action(runs(publish))

async function publish(context: Context, folder: string, model: string, options: PushCommandOptions): Promise<Outcome> {
  const { signal, say } = context
  const began = performance.now()
  const name = parseHubName(options.revision === undefined ? model : `${model}@${options.revision}`)
  if (!name.repository.includes('/'))
    throw new EngineError('usage', `${model} names no owner; give org/name, with the name of your account as org`)
  const contents = await publicationOf(folder)
  const session = { access: await hubAccess(), signal }
  const target = { name, create: options.create === true, isPrivate: options.private === true }
  const plan = await planPush(target, contents, session)
  for (const line of pushLines(plan)) say(line)
  const recipe = (await contents.find(({ path }) => path === 'recipe.prune.yaml')?.content.text()) ?? ''
  const paths = [...new Set(recipe.match(ownPath))].join(', ')
  if (paths) say(`warning: recipe.prune.yaml, sparsescope.json and the card name paths of this machine: ${paths}`)
  if (!options.yes && bytesToSend(plan) > 0) await ask(context, plan)
  let have = 0
  const onBytes = (bytes: number) => context.progress(megabytesOf('push', (have += bytes), bytesToSend(plan)))
  const { commit, sent } = await push(plan, session, onBytes)
  const files = plan.files.map(({ path, content }) => ({ path, bytes: content.size, sent: sent.includes(path) }))
  const sum = (some: typeof files) => some.reduce((all, { bytes }) => all + bytes, 0)
  const sentBytes = sum(files.filter((file) => file.sent))
  const { address, isPrivate, exists } = plan
  const json = {
    model: name.repository,
    revision: name.revision,
    ...{ commit, address, private: isPrivate, created: !exists, files },
    bytes: sum(files),
    sent_bytes: sentBytes,
    seconds: (performance.now() - began) / 1000,
  }
  return { json, text: `${formatBytes(sentBytes)} sent, all files checked by their hashes: ${address}` }
}

/** A path that begins at a root, at home or at a drive. */
const ownPath = /(?<=[\s"'[])(?:[\\/]|~[\\/]|[A-Za-z]:[\\/])[^\s"',\]]+/g

const states = { new: '', replaces: ', replaces the one that is there', there: ', there already' }

function pushLines({ name, address, exists, hasBranch, isPrivate, files }: PushPlan): string[] {
  const { repository, revision } = name
  const branch = revision === 'main' ? '' : `, ${hasBranch ? 'branch' : 'new branch'} ${revision}`
  const readers = isPrivate ? 'PRIVATE: only those who have access read it' : 'PUBLIC: everybody can read it'
  return [
    `${exists ? 'the repository' : 'a new repository'} ${repository}${branch} (${address}), ${readers}`,
    ...files.map(({ path, content, state }) => `  ${path}, ${formatBytes(content.size)}${states[state]}`),
  ]
}

/** @throws EngineError when the user declines, or without a terminal. */
async function ask({ io, signal }: Context, { isPrivate }: PushPlan): Promise<void> {
  if (!io.confirm)
    throw new EngineError('usage', 'cannot ask here, since this is not a terminal: pass --yes to send these files')
  if (await io.confirm(isPrivate ? 'Send them? [y/N] ' : 'Send them, for everybody to read? [y/N] ', signal)) return
  throw new EngineError('cancelled', 'nothing was sent')
}
