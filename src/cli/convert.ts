// `sparsescope convert`: writes a checkpoint in another form; and `expand`, which expands bitmasks.
import { Option } from 'commander'
import { resolve } from 'node:path'
import { openCheckpoint } from '../engine/checkpoint/checkpoint.ts'
import { modelPath } from '../engine/checkpoint/hubCache.ts'
import { writeGguf } from '../engine/convert/writeGguf.ts'
import { EngineError } from '../engine/errors.ts'
import { expandCheckpoint } from '../engine/convert/expand.ts'
import { openModel } from '../engine/model/model.ts'
import { formatBytes, parseByteSize, plural } from '../formatting/numbers.ts'
import { isGguf } from '../catalog/formats/checkpointFormats.ts'
import { ggufTypeNames, type GgufTypeName } from '../catalog/formats/gguf/ggmlTypes.ts'
import { megabytesOf } from './screen.ts'
import { closing, command, type CommonOptions, type Context, type Outcome, runs } from './command.ts'

const forms = ['dense', 'gguf'] as const

interface FolderOptions extends CommonOptions {
  maxShard: string
}

interface ConvertOptions extends FolderOptions {
  format?: (typeof forms)[number]
  type?: GgufTypeName
}

export const convertCommand = command('convert', 'write a checkpoint in another form: dense or GGUF', [
  'convert ../opt-125m-half-bits ../opt-125m-half',
  'convert SmolLM2-135M-half SmolLM2-135M-half.gguf',
  'convert SmolLM2-135M-half SmolLM2-135M-half-q8.gguf --type q8_0',
])
  .argument('<in>', 'a model folder, an index, or one file of weights')
  .argument('<out>', 'folder to write, or a file that ends in .gguf; it must not exist')
  .addOption(new Option('--format <form>', 'form to write (default: gguf for *.gguf, else dense)').choices(forms))
  .addOption(
    new Option('--type <type>', 'GGUF: type of the matrices (default: as in the checkpoint)').choices(ggufTypeNames),
  )
  .option('--max-shard <size>', 'dense: largest weight file to write', '5GB')
  .action(
    runs(async (context, from: string, to: string, options: ConvertOptions): Promise<Outcome> => {
      const format = options.format ?? (isGguf(to) ? 'gguf' : 'dense')
      if ((format === 'gguf') !== isGguf(to))
        throw new EngineError(
          'usage',
          `--format ${format} and ${to} do not fit: only GGUF is one file, whose name ends in .gguf`,
        )
      if (options.type && format !== 'gguf')
        throw new EngineError('usage', `--type applies to GGUF only: a folder keeps its types`)
      if (format === 'gguf') context.refuseIdle(['--max-shard'], 'applies to a folder only: GGUF is one file')
      if (format === 'gguf') return toGguf(context, modelPath('', from), resolve(to), options.type)
      return toDense(context, from, to, options)
    }),
  )

export const expandCommand = command('expand', 'the same as convert --format dense', [
  'expand ../opt-125m-half-bits ../opt-125m-half',
])
  .argument('<in>', 'a folder in the layouts sparse-bitmask or sparse-24-bitmask of compressed-tensors')
  .argument('<out>', 'folder to write; it must not exist')
  .option('--max-shard <size>', 'largest weight file to write', '5GB')
  .action(
    runs((context, from: string, to: string, options: FolderOptions): Promise<Outcome> =>
      toDense(context, from, to, options),
    ),
  )

async function toDense({ signal }: Context, from: string, to: string, options: FolderOptions): Promise<Outcome> {
  const out = resolve(to)
  const { linears, bytes } = await expandCheckpoint(modelPath('', from), out, {
    maxShardBytes: shardBytes(options),
    signal,
  })
  const json = { out, linears, bytes_before: bytes.from, bytes: bytes.to }
  const sizes = `${formatBytes(bytes.from)} became ${formatBytes(bytes.to)}`
  return { json, text: `${plural(linears, 'linear')} expanded, ${sizes}; saved to ${out}` }
}

async function toGguf(context: Context, from: string, out: string, type?: GgufTypeName): Promise<Outcome> {
  await using checkpoint = closing(await openCheckpoint(from))
  const { bytes, tensors, warnings } = await writeGguf(openModel(checkpoint.value), out, {
    type,
    signal: context.signal,
    onProgress: (done, total) => {
      if (total > quietBytes) context.progress(megabytesOf('writing', done, total))
    },
  })
  for (const warning of warnings) context.say(`warning: ${warning}`)
  const json = { out, tensors, bytes, warnings }
  return { json, text: `${plural(tensors, 'tensor')}, ${formatBytes(bytes)}; saved to ${out}` }
}

/** Fewer bytes need no progress bar. */
const quietBytes = 100e6

function shardBytes({ maxShard }: FolderOptions): number {
  const bytes = parseByteSize(maxShard)
  if (bytes) return bytes
  throw new EngineError('usage', `--max-shard ${maxShard}: write a size such as 5GB or 500MB`)
}
