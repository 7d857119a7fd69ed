// --precision: what products of a model are computed in.
import { Option } from 'commander'
import type { Backend } from '../engine/compute/backend.ts'
import { openBackend, type OpenOptions } from '../engine/compute/open.ts'
import { computeIn } from '../engine/model/computeIn.ts'
import type { Model } from '../engine/model/model.ts'
import { defaultPrecision, precisions, type PrecisionChoice } from '../recipe/precisions.ts'

export interface PrecisionOptions {
  precision?: PrecisionChoice
}

/** `otherwise`: what is taken where it is left out, in words. */
export function precisionOption(otherwise: string = defaultPrecision): Option {
  const about = `what products are computed in; auto: bf16 where the device multiplies it faster and the checkpoint stores 16 bits (default: ${otherwise})`
  return new Option('--precision <precision>', about).choices(precisions)
}

/** The device for a model. @throws EngineError 'unsupported' for bf16 where it has no products of it. */
export async function openFor(model: Model, options: OpenOptions & PrecisionOptions): Promise<Backend> {
  const backend = await openBackend(options)
  try {
    return computeIn(backend, model, options.precision ?? defaultPrecision)
  } catch (error) {
    await backend.close()
    throw error
  }
}
