// sparsescope pull: downloads a checkpoint of the Hub into its local cache, where every tool finds it.
import { hubNameText, parseHubName } from '../engine/checkpoint/hubCache.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { pull } from '../engine/hub/pull.ts'
import { formatBytes, plural } from '../formatting/numbers.ts'
import { megabytesOf } from './screen.ts'
import { command, runs, type Context, type Outcome } from './command.ts'

export const pullCommand = command('pull', 'download a checkpoint from the Hub into its local cache', [
  'pull facebook/opt-125m',
  'pull HuggingFaceTB/SmolLM2-135M@main',
])
  .argument('<model>', 'org/name or org/name@revision')
  .addHelpText(
    'after',
    '\nHF_TOKEN, or the token of `hf auth login`, is sent to the Hub for gated and private models; HF_ENDPOINT names another server, HF_HUB_CACHE or HF_HOME another cache.',
  )
  .action(runs(pullModel))

async function pullModel(context: Context, model: string): Promise<Outcome> {
  const name = parseHubName(model)
  const access = await hubAccess()
  const began = performance.now()
  context.say(`pulling ${hubNameText(name)} from ${access.endpoint}`)
  const onProgress = (have: number, total: number) => context.progress(megabytesOf('pull', have, total))
  const pulled = await pull(name, { access, signal: context.signal, onProgress })
  const { folder, commit, files, bytes, fetchedBytes } = pulled
  const seconds = (performance.now() - began) / 1000
  const { repository, revision } = name
  return {
    json: { model: repository, revision, commit, folder, files, bytes, fetched_bytes: fetchedBytes, seconds },
    text: `${plural(files.length, 'file')}, ${formatBytes(bytes)}, ${formatBytes(fetchedBytes)} downloaded now.\nIn ${folder}; open it as hf:${hubNameText(name)}`,
  }
}
