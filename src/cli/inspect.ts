// `sparsescope inspect`: the tensors of a checkpoint, and their sparsity.
import { openInspection, bytesOnDisk, storedType, type Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import type { Inspection as Opening } from '../engine/checkpoint/inspection.ts'
import { whyUnread } from '../engine/checkpoint/stats/elementFormat.ts'
import { inspectCheckpoint, listedBytes } from '../engine/checkpoint/stats/inspectCheckpoint.ts'
import type { InspectedTensor, Inspection } from '../engine/checkpoint/stats/inspectCheckpoint.ts'
import { inspectionText, tensorText } from '../engine/checkpoint/stats/inspectText.ts'
import { requireNm } from '../engine/checkpoint/stats/nmCounter.ts'
import { hubNameText, parseHubName } from '../engine/checkpoint/hubCache.ts'
import { EngineError } from '../engine/errors.ts'
import { splitFile, type RemoteFacts } from '../engine/hub/openRemote.ts'
import { remoteText, toldRemote } from './remote.ts'
import { certificateOutcome, refuseHalf, type CertificateOptions } from './certificate.ts'
import { megabytesOf } from './screen.ts'
import { command, runs, type Context, type Outcome } from './command.ts'
import { memoryOption, precisionOption, wholeNumber } from './options.ts'

interface InspectCliOptions extends CertificateOptions {
  stats?: boolean
  tensor?: string
  tensors?: boolean
  nm: string
  remote?: boolean
}

export const inspectCommand = command('inspect', 'show what is in a checkpoint and where it is sparse', [
  'inspect opt-125m',
  'inspect opt-125m-wanda50 --stats',
  'inspect model.safetensors --stats --nm 2:4,1:4 --json',
  'inspect opt-125m --tensors',
  'inspect opt-125m --tensor model.decoder.layers.0.fc1.weight',
  'inspect hf:facebook/opt-125m --remote',
  'inspect model-Q4_K_M.gguf --stats',
  'inspect opt-125m-wanda50 --certificate --dense opt-125m --calibration c4.jsonl',
])
  .argument(
    '<path>',
    'a model folder, an index, or one file of weights: *.safetensors, *.gguf, or *.bin, *.pt, *.pth of torch.save; with --remote hf:org/name[@revision][#file]',
  )
  .option('--stats', 'read the weights: exact zeros, N:M validity, min, max, mean, std. dev., histogram')
  .option('--tensors', 'list every tensor too; --json always lists them')
  .option('--tensor <name>', 'only this tensor, with its statistics')
  .option(
    '--nm <patterns>',
    'N:M patterns to check, N zeros (not kept weights) of every M inputs, separated by commas',
    '2:4,4:8',
  )
  .option(
    '--remote',
    'inspect hf:org/name on the Hub: fetches only headers, config and card, and the weights of --tensor; nothing is kept',
  )
  .option(
    '--certificate',
    'show the share of the output error that swapping one pruned and one kept weight in each row would remove',
  )
  .option('--dense <model>', 'with --certificate: the model before it was pruned')
  .option('--calibration <file>', 'with --certificate: .txt, .jsonl(.gz), .parquet, or .safetensors with ids')
  .option('--field <name>', 'with --certificate: text column, or tensor of ids')
  .option('--samples <n>', 'with --certificate: windows (default: 16 of text, all ids)', wholeNumber)
  .option(
    '--seq-len <n>',
    'with --certificate: tokens in a window (default: 512 of text, rows of ids as they are)',
    wholeNumber,
  )
  .addOption(precisionOption())
  .addOption(memoryOption())
  .action(runs((context, path: string, options: InspectCliOptions) => inspect(context, path, options)))

async function inspect(context: Context, path: string, options: InspectCliOptions): Promise<Outcome> {
  const nm = options.nm.split(',').map(requireNm)
  refuseHalf(context, options)
  if (options.certificate) return certificateOutcome(context, path, options, nm)
  if (options.tensor !== undefined)
    context.refuseIdle(['--tensors'], 'lists all, --tensor shows one: remove one of them')
  else if (!options.stats) context.refuseIdle(['--nm'], 'has no effect without the weights: add --stats')
  const { inspection: opened, facts } = await open(context, path, options)
  const { checkpoint, unknown, problems } = opened
  try {
    for (const { error } of problems) throw error
    const inspection = await inspectCheckpoint(checkpoint, {
      stats: options.stats === true || options.tensor !== undefined,
      nm,
      unknown,
      tensor: options.tensor,
      signal: context.signal,
      onProgress: (done, total) => {
        if (total > quietBytes) context.progress(megabytesOf('scanning', done, total))
      },
    })
    const json = toJson(checkpoint, inspection)
    const remote = facts && {
      ...remoteJson(facts),
      config: checkpoint.config,
      fetched_bytes: checkpoint.bytesRead(),
    }
    const where = facts && remoteText(facts, checkpoint)
    return {
      json: remote ? { ...json, remote } : json,
      text:
        options.tensor === undefined
          ? inspectionText(checkpoint, inspection, {
              columns: context.columns,
              tensors: options.tensors,
              remote: where,
            })
          : [...inspection.tensors.map(tensorText), ...(where ? [where] : [])].join('\n'),
    }
  } finally {
    await checkpoint.close()
  }
}

interface Opened {
  inspection: Opening
  facts?: RemoteFacts
}

async function open(context: Context, path: string, options: InspectCliOptions): Promise<Opened> {
  if (!options.remote) return { inspection: await openInspection(path) }
  if (options.stats && options.tensor === undefined) {
    const name = hubNameText(parseHubName(splitFile(path)[0]))
    throw new EngineError(
      'usage',
      `--stats reads every weight, but --remote fetches single tensors: name one with --tensor, or run \`sparsescope pull ${name}\` first`,
    )
  }
  return toldRemote(context, path, (name) => name === options.tensor)
}

/** Fewer bytes need no progress bar. */
const quietBytes = 200e6

function toJson(checkpoint: Checkpoint, { tensors, totals, linears, roles, blocks }: Inspection) {
  return {
    path: checkpoint.path,
    files: checkpoint.files.map(({ name, bytes }) => ({ name, bytes })),
    metadata: Object.fromEntries(checkpoint.metadata),
    tensors: tensors.map(tensorJson),
    totals: {
      ...totals,
      linears,
      roles: Object.fromEntries(roles),
      layers: [...blocks].map(([block, { all, linears }]) => ({ block, ...all, linears })),
    },
  }
}

function remoteJson({ repository, revision, commit, address, files, card }: RemoteFacts) {
  return { repository, revision, commit, address, files: files.map(({ path, bytes }) => ({ path, bytes })), card }
}

function tensorJson({ entry, parameters, role, stats }: InspectedTensor): unknown {
  const { name, shape, file } = entry
  const [dtype, bytes] = [storedType(entry), listedBytes(entry)]
  const stored = entry.bitmask && { stored_bytes: bytesOnDisk(entry) }
  const why = whyUnread(entry.dtype)
  const unread = why !== null && { unreadable: why }
  const known = {
    name,
    dtype,
    shape,
    file,
    bytes,
    ...stored,
    parameters,
    role: role.role,
    block: role.block,
    ...unread,
  }
  if (!stats) return known
  const { zeros, sparsity, nm, nonFinite, min, max, mean, std, histogram } = stats
  return { ...known, zeros, sparsity, nm, non_finite: nonFinite, min, max, mean, std, histogram }
}
