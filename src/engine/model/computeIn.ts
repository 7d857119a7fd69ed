// The precision of a model's products; everything else is f32 or f64, and goldens are compared in f32.
import type { Backend, Precision } from '../compute/backend.ts'
import { EngineError } from '../errors.ts'
import { blockLinears } from '../../catalog/families/parameters.ts'
import { defaultPrecision, type PrecisionChoice } from '../../recipe/modes.ts'
import type { Model } from './model.ts'
import type { LoadAs } from './weights.ts'

/**
 * The backend, with products of the model in the chosen precision; its `info` says which.
 * @throws EngineError 'unsupported' for bf16 where the device has no products of it.
 */
export function computeIn(backend: Backend, model: Model, choice: PrecisionChoice): Backend {
  const precision = precisionOf(backend, model, choice)
  const { info } = backend
  const description = precision === 'f32' ? info.description : `${info.description}, products in ${precision}`
  return { ...backend, precision, info: { ...info, description, details: { ...info.details, precision } } }
}

/**
 * Opens a device for a model, and closes it again where it cannot compute it; `check` may throw too. The caller closes it.
 * @throws EngineError as `open`, `computeIn` and `check`.
 */
export async function openFor(
  model: Model,
  open: () => Promise<Backend>,
  choice: PrecisionChoice = defaultPrecision,
  check: (backend: Backend) => void = () => undefined,
): Promise<Backend> {
  const opened = await open()
  try {
    const backend = computeIn(opened, model, choice)
    check(backend)
    return backend
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** The type of weights on the device. Products in bf16 read weights as they are stored, in half the bytes of f32. */
export function productForm({ precision }: Pick<Backend, 'precision'>): LoadAs {
  return precision === 'bf16' ? 'stored' : 'f32'
}

function precisionOf({ traits, info }: Backend, model: Model, choice: PrecisionChoice): Precision {
  if (choice === 'bf16' && !traits.bf16Products)
    throw new EngineError(
      'unsupported',
      `${info.description} does not support fast bf16 products: use precision f32 or auto; sparsescope doctor says what is missing`,
    )
  if (choice !== 'auto') return choice
  return traits.bf16Products && isStoredIn16Bits(model) ? 'bf16' : 'f32'
}

function isStoredIn16Bits({ config, checkpoint }: Model): boolean {
  return blockLinears(config).every(({ name }) => {
    const dtype = checkpoint.tensors.get(`${name}.weight`)?.dtype
    return dtype === 'BF16' || dtype === 'F16'
  })
}
