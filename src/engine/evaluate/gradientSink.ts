// Gradients of every parameter of a model, each allocated (as zeros) when a backward first asks for it.
import type { Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { Grads } from '../model/module.ts'
import type { Parameter } from '../../catalog/families/parameters.ts'

export interface GradientSink {
  readonly grads: Grads
  /** null where no backward asked for it: an expert that no token was sent to. */
  tensor(name: string): Tensor | null
  close(): void
}

export function createGradientSink(backend: Backend, parameters: ReadonlyMap<string, Parameter>): GradientSink {
  const tensors = new Map<string, Tensor>()
  const of = (name: string): Tensor | null => {
    const known = tensors.get(name)
    const parameter = parameters.get(name)
    if (known || !parameter) return known ?? null
    const tensor = backend.allocate('f32', parameter.shape)
    backend.kernels.fill(tensor, 0)
    tensors.set(name, tensor)
    return tensor
  }
  return {
    grads: { of },
    tensor: (name) => tensors.get(name) ?? null,
    close() {
      for (const tensor of tensors.values()) backend.release(tensor)
      tensors.clear()
    },
  }
}
