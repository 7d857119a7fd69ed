// Elementwise operations.
import { f32ToBf16, f32ToF16 } from '../../../dtype.ts'
import type { Activation, Kernels } from '../../kernels.ts'
import type { Runner } from '../pool.ts'
import { codeOf } from './products.ts'
import { addresses, byElements } from './splits.ts'

type Elementwise = Pick<
  Kernels,
  'activation' | 'activationBackward' | 'gated' | 'gatedBackward' | 'add' | 'addScaled' | 'fill' | 'convert'
>

/** The numbers are those of assembly/activations.ts. */
const kinds: Record<Activation, number> = {
  relu: 0,
  relu6: 1,
  relu2: 2,
  leakyRelu: 3,
  gelu: 4,
  gelu10: 5,
  geluTanh: 6,
  quickGelu: 7,
  silu: 8,
  sigmoid: 9,
  tanh: 10,
  linear: 11,
}

export function elementwise(pool: Runner): Elementwise {
  const at = addresses(pool)
  return {
    activation(out, x, kind) {
      pool.run('activation', byElements(x.length), [at(out), at(x), kinds[kind], codeOf(out)])
    },
    activationBackward(dX, dOut, x, kind) {
      pool.run('activationBackward', byElements(x.length), [at(dX), at(dOut), at(x), kinds[kind]])
    },
    gated(out, gate, up, kind) {
      pool.run('gated', byElements(out.length), [at(out), at(gate), at(up), kinds[kind], codeOf(out)])
    },
    gatedBackward(dGate, dUp, dOut, gate, up, kind) {
      const args = [at(dGate), at(dUp), at(dOut), at(gate), at(up), kinds[kind]]
      pool.run('gatedBackward', byElements(dOut.length), args)
    },
    add(out, a, b) {
      pool.run('add', byElements(out.length), [at(out), at(a), at(b)])
    },
    addScaled(out, x, alpha) {
      pool.run('addScaled', byElements(out.length), [at(out), at(x), alpha])
    },
    fill(x, value) {
      const split = byElements(x.length)
      if (x.dtype === 'f32') pool.run('fill', split, [at(x), value])
      else if (x.dtype === 'bf16') pool.run('fillHalves', split, [at(x), f32ToBf16(value)])
      else if (x.dtype === 'f16') pool.run('fillHalves', split, [at(x), f32ToF16(value)])
      else pool.run('fillWords', split, [at(x), value])
    },
    convert(out, x) {
      pool.run('convert', byElements(x.length), [at(out), codeOf(out), at(x), codeOf(x)])
    },
  }
}
