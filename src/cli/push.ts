// `sparsescope push`: publishes a result on the Hub, after the user has confirmed the files and their readers.
import { type HubName, parseHubName } from '../engine/checkpoint/hubCache.ts'
import { EngineError } from '../engine/errors.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { bytesToSend, planPush, push, type PushPlan } from '../engine/hub/push.ts'
import { type Publication, publicationOf } from '../engine/run/origin/publication.ts'
import { formatBytes, plural } from '../formatting/numbers.ts'
import { command, type CommonOptions, type Context, type Outcome, runs } from './command.ts'
import { showBytes } from './remote.ts'

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
  const name = named(model, options.revision)
  const publication = await publicationOf(folder)
  const access = await hubAccess()
  const target = { name, create: options.create === true, isPrivate: options.private === true }
  const plan = await planPush(target, publication.files, { access, signal })
  for (const line of pushLines(plan, publication)) say(line)
  const total = bytesToSend(plan)
  if (!options.yes && plan.files.some(({ state }) => state !== 'there')) await ask(context, plan)
  const show = showBytes(context, 'push')
  let have = 0
  const onBytes = (bytes: number) => show(Math.min((have += bytes), total), total)
  const { commit, address, sent } = await push(plan, { access, signal, onBytes })
  const files = plan.files.map(({ path, bytes }) => ({ path, bytes, sent: sent.includes(path) }))
  const sum = (some: typeof files) => some.reduce((all, { bytes }) => all + bytes, 0)
  const sentBytes = sum(files.filter((file) => file.sent))
  const json = {
    model: name.repository,
    revision: name.revision,
    commit,
    address,
    private: plan.isPrivate,
    created: !plan.exists,
    files,
    bytes: sum(files),
    sent_bytes: sentBytes,
    seconds: (performance.now() - began) / 1000,
  }
  return { json, text: `${formatBytes(sentBytes)} sent, all files checked by their hashes: ${address}` }
}

function named(model: string, revision: string | undefined): HubName {
  const { repository, revision: inside } = parseHubName(model)
  if (!repository.includes('/'))
    throw new EngineError('usage', `${model} names no owner; give org/name, with the name of your account as org`)
  if (inside !== 'main')
    throw new EngineError('usage', `name the branch with --revision, and give ${repository} without @`)
  return parseHubName(revision === undefined ? repository : `${repository}@${revision}`)
}

const states = { new: '', replaces: ', replaces the one that is there', there: ', there already' }

/** The warning about paths comes first, then every file that the run did not write, then its own. */
export function pushLines(plan: PushPlan, { ofRun, ownPaths }: Pick<Publication, 'ofRun' | 'ownPaths'>): string[] {
  const { name, address, exists, hasBranch, isPrivate, files } = plan
  const { repository, revision } = name
  const branch = revision === 'main' ? '' : `, ${hasBranch ? 'branch' : 'new branch'} ${revision}`
  const readers = isPrivate ? 'PRIVATE: only those who have access read it' : 'PUBLIC: everybody can read it'
  const missing = files.filter(({ state }) => state !== 'there').length
  const sent = `${missing} of them will be sent, ${formatBytes(bytesToSend(plan))}`
  const line = ({ path, bytes, state, content }: PushPlan['files'][number]) =>
    `  ${path}, ${formatBytes(bytes)}${'text' in content ? ', made from the notes of the run' : ''}${states[state]}`
  const [own, others] = [true, false].map((isOwn) => files.filter(({ path }) => ofRun.has(path) === isOwn))
  const paths = ownPaths.join(', ')
  return [
    ...(paths === ''
      ? []
      : [`warning: the recipe, which is in sparsescope.json and the card too, names paths of this machine: ${paths}`]),
    `${exists ? 'the repository' : 'a new repository'} ${repository}${branch} (${address}), ${readers}`,
    `${plural(files.length, 'file')}; ${missing === 0 ? 'all of them are there already' : sent}:`,
    ...[...others, ...own].map(line),
  ]
}

/** @throws EngineError when the user declines, or without a terminal. */
async function ask({ io, signal }: Context, { isPrivate }: PushPlan): Promise<void> {
  if (!io.confirm)
    throw new EngineError('usage', 'cannot ask here, since this is not a terminal: pass --yes to send these files')
  if (await io.confirm(isPrivate ? 'Send them? [y/N] ' : 'Send them, for everybody to read? [y/N] ', signal)) return
  throw new EngineError('cancelled', 'nothing was sent')
}
