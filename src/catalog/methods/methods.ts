// All pruning methods. Outside their own files nothing compares their names: what differs between them is in the rows.
import { admm } from './admm.ts'
import { alps } from './alps.ts'
import type { MethodKey } from './keys.ts'
import { magnitude } from './magnitude.ts'
import type { PruneMethod, Scope } from './method.ts'
import { random } from './random.ts'
import { ria } from './ria.ts'
import { sparsegpt } from './sparsegpt.ts'
import { wanda } from './wanda.ts'

export const methods = { magnitude, random, wanda, ria, sparsegpt, admm, alps } satisfies Record<string, PruneMethod>

/** Name of a method in recipes. */
export type MethodName = keyof typeof methods

export const methodNames = Object.keys(methods) as MethodName[]

/** The default method. */
export const defaultMethod: MethodName = 'magnitude'

export function methodOf(name: MethodName): PruneMethod {
  return methods[name]
}

export function isMethodName(name: unknown): name is MethodName {
  return typeof name === 'string' && Object.hasOwn(methods, name)
}

/** Whether a method needs statistics of the inputs, and a recipe with it therefore needs `calibration`. */
export function needsData(name: MethodName): boolean {
  return methodOf(name).needs !== 'nothing'
}

export function needsHessian(name: MethodName): boolean {
  return methodOf(name).needs === 'hessian'
}

/** Whether a method can compare weights of the whole model. */
export function canBeGlobal(name: MethodName): boolean {
  return methodOf(name).scopes.includes('global')
}

/** Whether a method refuses a group. A method with its own group ignores the recipe's. */
export function refusesScope(name: MethodName, scope: Scope): boolean {
  const { scopes } = methodOf(name)
  return scopes.length > 0 && !scopes.includes(scope)
}

/** The method's default group; with `perp` always the tensor (docs/methods.md, "Comparison groups and exact counts"). */
export function defaultScope(name: MethodName, selection: string | undefined): Scope {
  return selection === 'perp' ? 'tensor' : (methodOf(name).scopes[0] ?? 'tensor')
}

/** Methods that take a key. */
export function methodsWith(key: MethodKey): MethodName[] {
  return methodNames.filter((name) => methodOf(name).keys[key] !== undefined)
}

/** Names of the methods that need data, for lists in sentences. */
export const methodsWithData = methodNames.filter(needsData)
