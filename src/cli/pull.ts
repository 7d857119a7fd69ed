// sparsescope pull: a checkpoint of the Hub into its local cache, where every tool finds it.
import { Option } from 'commander'
import { hubNameText, parseHubName } from '../engine/checkpoint/hubCache.ts'
import { EngineError } from '../engine/errors.ts'
import { defaultChoice, everyWeights, type FileChoice } from '../engine/hub/chooseFiles.ts'
import { hubAccess } from '../engine/hub/hubAccess.ts'
import { pull } from '../engine/hub/pull.ts'
import { formatBytes } from '../formatting/byteSize.ts'
import { command, runs, type CommonOptions, type Context, type Outcome } from './command.ts'
import { collect } from './options.ts'
import { plural } from '../formatting/plural.ts'

interface PullCommandOptions extends CommonOptions, FileChoice {
  revision?: string
}

const { weights, include, exclude } = defaultChoice

export const pullCommand = command('pull', 'download a checkpoint from the Hub into its local cache', [
  'pull facebook/opt-125m',
  'pull HuggingFaceTB/SmolLM2-135M@main',
  'pull gpt2 --weights torch --include README.md',
])
  .argument('<model>', 'org/name or org/name@revision')
  .option('--revision <name>', 'a branch, a tag or a commit; the same as after @')
  .addOption(
    new Option('--weights <format>', 'which weights; auto: safetensors, else PyTorch')
      .choices(everyWeights)
      .default(weights),
  )
  .option('--include <file>', 'more files to download, * for any characters; may be repeated', collect, [...include])
  .option('--exclude <file>', 'files to leave out, * for any characters; may be repeated', collect, [...exclude])
  .addHelpText(
    'after',
    '\nHF_TOKEN, or the token of `hf auth login`, is sent to the Hub for gated and private models; HF_ENDPOINT names another server, HF_HUB_CACHE or HF_HOME another cache.',
  )
  .action(
    runs(async (context, model: string, options: PullCommandOptions): Promise<Outcome> => {
      const name = named(model, options.revision)
      const access = await hubAccess()
      const began = performance.now()
      context.say(`pulling ${hubNameText(name)} from ${access.endpoint}`)
      const pulled = await pull(name, {
        access,
        choice: options,
        signal: context.signal,
        onProgress: showBytes(context),
      })
      const { folder, commit, files, bytes, fetchedBytes } = pulled
      const seconds = (performance.now() - began) / 1000
      const json = {
        model: name.repository,
        revision: name.revision,
        commit,
        folder,
        files,
        bytes,
        fetched_bytes: fetchedBytes,
        seconds,
      }
      return {
        json,
        text: `${plural(files.length, 'file')}, ${formatBytes(bytes)}, of which ${formatBytes(fetchedBytes)} came now.\nIn ${folder}; open it as hf:${hubNameText(name)}`,
      }
    }),
  )

function named(model: string, revision: string | undefined) {
  const name = parseHubName(model)
  if (revision === undefined) return name
  if (/@/.test(model)) throw new EngineError('usage', `${model} names a revision already: leave --revision out`)
  return parseHubName(`${model}@${revision}`)
}

/** A size in whole units, which are larger the more there is. */
function showBytes({ progress }: Context): (have: number, total: number) => void {
  const began = performance.now()
  let first: number | null = null
  return (have, total) => {
    first ??= have
    const [unit, scale] = total < 1e7 ? ['kB', 1e3] : ['MB', 1e6]
    const perMs = (have - first) / (performance.now() - began)
    progress({
      what: 'pull',
      count: { done: Math.floor(have / scale) + (have === total ? 1 : 0), total: Math.floor(total / scale) + 1, unit },
      secondsLeft: perMs > 0 && have < total ? (total - have) / perMs / 1000 : null,
    })
  }
}
