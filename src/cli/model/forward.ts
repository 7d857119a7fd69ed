// sparsescope forward: the outputs and gradients of a model on given ids, to compare with another framework.
import { openCheckpoint } from '../../engine/checkpoint/checkpoint.ts'
import { locate } from '../../engine/checkpoint/locate.ts'
import { overlapOnDisk } from '../../engine/checkpoint/outputPlace.ts'
import { EngineError } from '../../engine/errors.ts'
import { readBatchFile } from '../../engine/evaluate/batchFile.ts'
import { recordForward } from '../../engine/evaluate/recordForward.ts'
import { openModel } from '../../engine/model/model.ts'
import { passTokens } from '../../plan/memory.ts'
import { computeWith } from './compute.ts'
import { precisionOption, type PrecisionOptions, memoryBytes, memoryOption } from '../options.ts'
import { closing, command, type CommonOptions, type Outcome, runs } from '../command.ts'
import { plural } from '../../formatting/numbers.ts'

interface ForwardOptions extends CommonOptions, PrecisionOptions {
  ids: string
  field?: string
  mask?: string
  labels?: string
  out: string
  grads?: boolean
  memory?: string
}

export const forwardCommand = command(
  'forward',
  'write logits, losses, hidden states and gradients of given token ids, all F32',
  [
    'forward ../opt-125m --ids ids.safetensors --out out.safetensors',
    'forward ../opt-125m --ids batch.safetensors --field input_ids --mask attention_mask --labels labels --grads --out out.safetensors',
  ],
)
  .argument('<model>', 'Hugging Face folder, or hf:org/name')
  .requiredOption('--ids <file>', 'safetensors file with an integer tensor [rows, length]')
  .option('--field <name>', 'the tensor of ids (default: the only integer tensor)')
  .option('--mask <name>', 'tensor of the same file: 1 = real token, 0 = padding')
  .option('--labels <name>', 'tensor of the same file: targets, -100 = ignored (default: the ids)')
  .requiredOption('--out <file>', 'safetensors file to write; replaced if it is there')
  .option('--grads', 'gradients of the mean loss for every parameter')
  .addOption(precisionOption('f32, for comparisons'))
  .addOption(memoryOption())
  .action(
    runs(async (context, path: string, options: ForwardOptions): Promise<Outcome> => {
      await refuseOverwrite(options.out, options.ids, path)
      const batch = await readBatchFile(options.ids, options)
      await using checkpoint = closing(await openCheckpoint(path))
      const sizes = {
        memoryBytes: memoryBytes(options.memory),
        training: options.grads,
        tokensPerPass: Math.max(passTokens, batch.seqLen),
      }
      const { result, info, precision } = await computeWith(
        context,
        openModel(checkpoint.value),
        { ...options, precision: options.precision ?? 'f32' },
        sizes,
        { remedy: 'use shorter rows of ids' },
        (decoder) =>
          recordForward(decoder, batch, {
            path: options.out,
            grads: options.grads === true,
            signal: context.signal,
            onProgress: (done, total) => context.progress({ what: 'forward', count: { done, total, unit: 'rows' } }),
          }),
      )
      const { loss, numTargets: targets, tensors } = result
      const { out } = options
      return {
        json: { loss, targets, out, tensors: tensors.length, device: info.device, precision },
        text: `loss ${loss.toFixed(6)} over ${plural(targets, 'target')} on ${info.description}; ${plural(tensors.length, 'tensor')} in ${out}`,
      }
    }),
  )

/** The output must not replace the ids or files of the model. @throws EngineError 'usage'. */
async function refuseOverwrite(out: string, ids: string, model: string): Promise<void> {
  if ((await overlapOnDisk(out, ids)) === 'same')
    throw new EngineError('usage', `--out ${out} is the file of --ids and would replace it: name another file`)
  const { folder } = await locate(model)
  if ((await overlapOnDisk(out, folder)) === 'inside')
    throw new EngineError('usage', `--out ${out} is inside the folder of the model, which is never changed`)
}
