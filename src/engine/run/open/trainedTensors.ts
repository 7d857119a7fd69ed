// What a device has no buffer for: told before a run begins, since pruning may take hours before training does.
import { formatBytes } from '../../../formatting/numbers.ts'
import type { RunPlan } from '../../../plan/runPlan.ts'
import { sizeOf } from '../../../plan/trainable.ts'
import type { Backend } from '../../compute/backend.ts'
import { EngineError } from '../../errors.ts'

/**
 * A parameter that is trained itself lies in one tensor with f32 values, and so does its gradient.
 * @throws EngineError 'unsupported' where that is larger than the device's largest.
 */
export function checkTrained(
  { traits: { mostTensorBytes = Infinity }, info }: Pick<Backend, 'traits' | 'info'>,
  { recoveries }: Pick<RunPlan, 'recoveries'>,
): void {
  for (const { trainable, settings, place } of recoveries) {
    const large = trainable?.direct.find(({ shape }) => 4 * sizeOf(shape) > mostTensorBytes)
    if (!large) continue
    const subset = settings.train.includes('full') ? 'full' : 'embedding'
    throw new EngineError(
      'unsupported',
      `${place}.train: ${subset} trains ${large.name} in a buffer of ${formatBytes(4 * sizeOf(large.shape))}, and ${info.description} has none of more than ${formatBytes(mostTensorBytes)}: leave ${subset} out, or use --device cpu`,
    )
  }
}
