// The arithmetic of every pruning method, by the name of its row.
import type { MethodName } from '../../../catalog/methods/methods.ts'
import { admm } from './admm.ts'
import { alps } from './alps.ts'
import { magnitude } from './magnitude.ts'
import type { Pruner } from './method.ts'
import { random } from './random.ts'
import { ria } from './ria.ts'
import { sparsegpt } from './sparsegpt.ts'
import { wanda } from './wanda.ts'

export const pruners: Readonly<Record<MethodName, Pruner>> = {
  magnitude,
  random,
  wanda,
  ria,
  sparsegpt,
  admm,
  alps,
}

/** Scores of a method; magnitude's for one that solves, when there is nothing to solve with. */
export function scoreMethodOf(name: MethodName) {
  const method = pruners[name]
  return method.kind === 'score' ? method : magnitude
}
