// Checks that a checkpoint's tensors are those that config.json requires.
import type { Parameter } from './parameters.ts'

export interface Shaped {
  readonly shape: readonly number[]
}

/** Prefixes that wrappers such as torch.compile add to a model's tensor names. */
const wrappers = ['module.', '_orig_mod.', 'module._orig_mod.', '_orig_mod.module.']

/** The first tensor that is missing or of another shape, in a sentence; null when all are as they should be. */
export function tensorMismatch(
  parameters: Iterable<Parameter>,
  tensors: { get(name: string): Shaped | undefined },
): string | null {
  for (const { name, shape, transposed } of parameters) {
    const expected = transposed ? [...shape].reverse() : shape
    const found = tensors.get(name)
    const wrapped = found ? undefined : wrappers.find((prefix) => tensors.get(prefix + name))
    if (wrapped !== undefined)
      return `${name}: the file has it as ${wrapped}${name}, as torch.compile and DistributedDataParallel save it. Take the prefix off each name: {k.removeprefix("${wrapped}"): v for k, v in state_dict.items()}`
    if (!found)
      return `${name}: config.json requires it, but the weights do not have it. Is config.json from another model?`
    if (found.shape.length !== expected.length || found.shape.some((size, i) => size !== expected[i]))
      return `${name}: expected [${expected.join(', ')}] from config.json, the file has [${found.shape.join(', ')}]. Is config.json from another model?`
  }
  return null
}
