// Computes with a model on the chosen device, and starts again with smaller parts when the device runs out of memory.
import type { Backend } from '../../engine/compute/backend.ts'
import { type LessOptions, lessText, planWithLess } from '../../engine/compute/planWithLess.ts'
import { createDecoder, type Decoder, type DecoderOptions } from '../../engine/model/decoder.ts'
import type { Model } from '../../engine/model/model.ts'
import { printableLine } from '../../formatting/printable.ts'
import { closing, type CommonOptions, type Context } from '../command.ts'
import { openBackend } from '../../engine/compute/open.ts'
import { openFor } from '../../engine/model/computeIn.ts'
import type { PrecisionOptions } from '../options.ts'

interface Computed<T> {
  readonly result: T
  readonly info: Backend['info']
  readonly precision: Backend['precision']
}

/** Opens the device and calls `body` with a decoder of these `sizes`. @throws as `planWithLess`. */
export async function computeWith<T>(
  context: Pick<Context, 'say' | 'io'>,
  model: Model,
  device: CommonOptions & PrecisionOptions,
  sizes: DecoderOptions,
  again: Pick<LessOptions, 'remedy' | 'mayRepeat'>,
  body: (decoder: Decoder) => Promise<T>,
): Promise<Computed<T>> {
  await using backend = closing(await openFor(model, () => openBackend(device), device.precision))
  const { note } = backend.value.info.details
  // Not on stdout, which may be the text that a model writes.
  if (note) context.io.stderr.write(`${printableLine(`warning: ${note}`)}\n`)
  const compute = async () => {
    await using decoder = closing(await createDecoder(backend.value, model, sizes))
    return await body(decoder.value)
  }
  const { info, precision } = backend.value
  return { result: await retryWithLess(context, backend.value, compute, again), info, precision }
}

/** Runs `body`, and again with smaller parts each time the device runs out of memory, which `say` reports. @throws as `planWithLess`. */
export function retryWithLess<T>(
  { say }: Pick<Context, 'say'>,
  backend: Backend,
  body: () => Promise<T>,
  options: Pick<LessOptions, 'remedy' | 'mayRepeat'>,
): Promise<T> {
  const onLess: NonNullable<LessOptions['onLess']> = (less) =>
    say(`warning: ${backend.info.description} ran out of memory; starts again with ${lessText(less)}`)
  return planWithLess(backend, body, { ...options, onLess })
}
