// `sparsescope expand`: a bitmask checkpoint back to dense, for what serves it.
import { resolve } from 'node:path'
import { expandCheckpoint } from '../engine/model/expand.ts'
import { modelPath } from '../engine/checkpoint/hubCache.ts'
import { cardWhenDense } from '../engine/run/origin/modelCard.ts'
import { EngineError } from '../engine/errors.ts'
import { formatBytes, parseByteSize } from '../shared/format/byteSize.ts'
import { command, runs, type CommonOptions, type Outcome } from './command.ts'
import { plural } from '../shared/format/plural.ts'

interface ExpandCommandOptions extends CommonOptions {
  maxShard: string
}

export const expandCommand = command('expand', 'make a bitmask checkpoint dense again', [
  'expand ../opt-125m-half-bits ../opt-125m-half',
  'expand model-bits model --max-shard 2GB --json',
])
  .argument('<in>', 'a folder saved with `format: bitmask`, or the sparse-24-bitmask of compressed-tensors')
  .argument('<out>', 'folder to write; it must not exist')
  .option('--max-shard <size>', 'largest weight file to write', '5GB')
  .action(
    runs(async (context, from: string, to: string, { maxShard }: ExpandCommandOptions): Promise<Outcome> => {
      const maxShardBytes = parseByteSize(maxShard)
      if (!maxShardBytes) throw new EngineError('usage', `--max-shard ${maxShard}: write a size such as 5GB or 500MB`)
      const out = resolve(to)
      const { linears, bytes } = await expandCheckpoint(modelPath('', from), out, {
        maxShardBytes,
        otherFiles: (folder) => cardWhenDense(folder, out),
        signal: context.signal,
      })
      const json = { out, linears, bytes_before: bytes.from, bytes: bytes.to }
      const sizes = `${formatBytes(bytes.from)} became ${formatBytes(bytes.to)}`
      return { json, text: `${plural(linears, 'linear')} expanded, ${sizes}; saved to ${out}` }
    }),
  )
