// The names that transformers gives to activations (its ACT2FN), mapped onto the kernels' kinds.
import { unknownValue } from './familyError.ts'

export const activationKinds = {
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_10: 'gelu10',
  gelu_new: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu_accurate: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  gelu_python_tanh: 'geluTanh',
  quick_gelu: 'quickGelu',
  relu: 'relu',
  relu2: 'relu2',
  relu6: 'relu6',
  leaky_relu: 'leakyRelu',
  silu: 'silu',
  swish: 'silu',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  linear: 'linear',
} as const

export type ActivationKind = (typeof activationKinds)[keyof typeof activationKinds]

/** @throws FamilyError for a name that is not in the table. */
export function activationOf(key: string, name: unknown): ActivationKind {
  if (typeof name === 'string' && Object.hasOwn(activationKinds, name)) {
    return activationKinds[name as keyof typeof activationKinds]
  }
  throw unknownValue(key, name, Object.keys(activationKinds))
}
