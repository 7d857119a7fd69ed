// `sparsescope push`: a result to the Hub, after a person has seen what will be read by whom.
import { parseHubName, type HubName } from '../engine/checkpoint/hubCache.ts'
import { EngineError } from '../engine/errors.ts'
import { lookUpBenchmark, type Benchmark } from '../engine/hub/benchmark.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { pageOf } from '../engine/hub/hubErrors.ts'
import { hashFile, planPush, push, type HashedFile, type PushFile, type PushPlan } from '../engine/hub/push.ts'
import type { Sending } from '../engine/hub/sender.ts'
import { evalResultFile, savedResult } from '../engine/run/origin/evalResults.ts'
import { publicationOf, type Publication } from '../engine/run/origin/publication.ts'
import { formatBytes } from '../formatting/byteSize.ts'
import { pushText } from '../catalog/formats/pushText.ts'
import { benchmarksOf } from './benchmarkOption.ts'
import { command, runs, type CommonOptions, type Context, type Outcome } from './command.ts'
import { collect } from './options.ts'

interface PushCommandOptions extends CommonOptions {
  create?: boolean
  private?: boolean
  revision?: string
  yes?: boolean
  benchmark: string[]
}

export const pushCommand = command('push', 'publish the result of a run on the Hub', [
  'push opt-125m-wanda50 me/opt-125m-wanda50 --create --private',
  'push opt-125m-wanda50 me/opt-125m-wanda50 --benchmark arc_easy=allenai/ai2_arc:ARC-Easy',
  'push .sparsescope/runs/20261128-120000-wanda me/opt-125m-wanda50 --yes',
])
  .argument('<folder>', 'folder of a result, or of the finished run that saved it')
  .argument('<model>', 'org/name, the repository')
  .option('--create', 'make the repository, or the branch, where there is none')
  .option('--private', 'make it private; without, everybody can read it')
  .option('--revision <name>', 'the branch to push to (default: main)')
  .option(
    '--benchmark <task=dataset>',
    'also write the result of a zero-shot task for the leaderboard of a data set of the Hub, as TASK=ORG/DATASET or TASK=ORG/DATASET:TASK_ID; may be repeated',
    collect,
    [],
  )
  .option('--yes', 'do not ask; for scripts')
  .addHelpText(
    'after',
    '\nBefore anything is sent, push says which files everybody could read then, and asks. The token is HF_TOKEN, or that of `hf auth login`; it must be allowed to write. Files that are there already are not sent again, so a push that was stopped goes on.',
  )
  .action(runs(publish))

async function publish(context: Context, folder: string, model: string, options: PushCommandOptions): Promise<Outcome> {
  const { signal, say } = context
  const began = performance.now()
  const name = named(model, options.revision)
  const benchmarks = benchmarksOf(options.benchmark)
  const publication = await publicationOf(folder)
  const access = await hubAccess()
  const results = await resultFiles(context, publication, benchmarks, { access, signal }, pageOf(access, name))
  const files: HashedFile[] = []
  for (const file of [...publication.files, ...results]) files.push(await hashFile(file, signal))
  const target = { name, create: options.create === true, isPrivate: options.private === true }
  const plan = await planPush(target, files, { access, signal })
  for (const line of pushText(told(plan, publication), publication.ownPaths)) say(line)
  if (!options.yes && plan.files.some(({ state }) => state !== 'there')) await ask(context, plan)
  const { commit, address, sent } = await push(plan, { access, signal, onSent: showBytes(context, plan) })
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const sentBytes = plan.files.reduce((sum, { path, bytes }) => sum + (sent.includes(path) ? bytes : 0), 0)
  const json = {
    model: name.repository,
    revision: name.revision,
    commit,
    address,
    private: plan.isPrivate,
    created: !plan.exists,
    files: files.map(({ path, bytes }) => ({ path, bytes, sent: sent.includes(path) })),
    bytes,
    sent_bytes: sentBytes,
    seconds: (performance.now() - began) / 1000,
  }
  return { json, text: `${formatBytes(sentBytes)} sent, all files checked by their hashes: ${address}` }
}

function named(model: string, revision: string | undefined): HubName {
  const { repository, revision: inside } = parseHubName(model)
  if (!repository.includes('/'))
    throw new EngineError('usage', `${model} names no owner; give org/name, with the name of your account as org`)
  if (inside !== 'main') throw new EngineError('usage', `give the branch by --revision, and ${repository} without @`)
  return parseHubName(revision === undefined ? repository : `${repository}@${revision}`)
}

/** Nothing is sent where one of the results is none for a leaderboard. `card`: address of the model. */
async function resultFiles(
  { say }: Context,
  { note }: Publication,
  benchmarks: readonly Benchmark[],
  sending: Sending,
  card: string,
): Promise<PushFile[]> {
  const files: PushFile[] = []
  for (const wanted of benchmarks) {
    const result = savedResult(note, wanted.task)
    const { benchmark, warning } = await lookUpBenchmark(wanted, sending)
    if (warning !== null) say(`warning: ${warning}`)
    files.push(evalResultFile(benchmark, result, note, card))
  }
  return files
}

/** @throws EngineError where a person says no, or nobody can be asked. */
async function ask({ io, signal }: Context, { isPrivate }: PushPlan): Promise<void> {
  if (!io.confirm)
    throw new EngineError('usage', 'nobody can be asked here, since this is no terminal: say --yes to send these files')
  if (await io.confirm(isPrivate ? 'Send them? [y/N] ' : 'Send them, for everybody to read? [y/N] ', signal)) return
  throw new EngineError('cancelled', 'nothing was sent')
}

function told({ name, exists, hasBranch, isPrivate, address, files }: PushPlan, { ofRun }: Publication) {
  const listed = files.map(({ path, bytes, state, content }) => ({
    ...{ path, bytes, state, made: 'text' in content, ofRun: ofRun.has(path) },
  }))
  return { ...name, exists, hasBranch, isPrivate, address, files: listed }
}

function showBytes({ progress }: Context, { files }: PushPlan): (bytes: number) => void {
  const total = files.reduce((sum, { bytes, state }) => sum + (state === 'there' ? 0 : bytes), 0)
  const [unit, scale] = total < 1e7 ? ['kB', 1e3] : ['MB', 1e6]
  let sent = 0
  return (bytes) => {
    sent += bytes
    const [done, all] = [sent, total].map((part) => Math.round(part / scale))
    progress({ what: 'push', count: { done: Math.min(done, all), total: all, unit } })
  }
}
