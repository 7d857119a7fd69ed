import { adapterOf } from '../../catalog/adapters/adapters.ts'
import { allocationNames } from '../../catalog/allocations/allocations.ts'
import { andList, largest } from '../../formatting/lists.ts'
import { canBeGlobal, idleKeys, methodOf, methodsWith } from '../../catalog/methods/methods.ts'
import { idleTaskKeys } from '../../catalog/tasks/tasks.ts'
import { groupOf, type LintContext, type RecoveryEntry } from '../context.ts'
import type { Path } from '../../recipe/document.ts'
import { placesOf } from '../../recipe/dataUses.ts'
import { type ResolvedPruneStep, sideBySide } from '../../recipe/resolve.ts'
import { defineRule } from '../rule.ts'

export const rule = defineRule({
  id: 'S6',
  severity: 'warning',
  unnecessary: true,
  title: 'A key without effect',
  why: 'The key exists but does not apply to the chosen method, pattern or mode, so it is ignored; most likely something else was meant.',
  bad: 'prune: [{method: magnitude, dampening: 0.02}]',
  good: 'prune: [{method: sparsegpt, dampening: 0.02}]\ncalibration: {data: a.jsonl, seq_len: 64}',
  *check(context) {
    for (const { path, reason, from } of idle(context)) {
      if (!context.has(path)) continue
      const last = path.at(-1)
      const list = path.at(-2)
      const key = typeof last === 'number' ? `${String(context.get(path))} in ${String(list)}` : String(last)
      yield {
        at: { key: path },
        message: `${key} has no effect ${reason}: remove it.`,
        from,
        fixes: [context.fix.drop(path)],
      }
    }
  },
})

interface Idle {
  readonly path: Path
  readonly reason: string
  /** Settings that the reason is concluded from. */
  readonly from: readonly Path[]
}

/** Keys that do nothing if they are there, and when that is. */
function* idle(context: LintContext): Iterable<Idle> {
  for (const [i, step] of context.resolved.prune.entries()) yield* idleInStep(step, i)
  const { recover } = context.resolved
  for (const recovery of context.recoveries) yield* idleInRecover(recovery, context.resolved.prune.length > 0)
  if (Array.isArray(context.recipe.recover) && recover.length === 0)
    yield { path: ['recover'], reason: 'while its list is empty', from: [] }
  yield* idleEvaluation(context)
  if (context.resolved.prune.length === 0 && recover.length === 0) {
    yield { path: ['save'], reason: 'without prune or recover, as nothing changes', from: [['prune'], ['recover']] }
    return
  }
  const { save } = context.resolved
  if (save && save.format !== 'gguf')
    yield { path: ['save', 'type'], reason: `with format ${save.format}, only with gguf`, from: [['save', 'format']] }
  if (context.resolved.prune.length === 0)
    yield { path: ['save', 'pruned'], reason: 'without prune', from: [['prune']] }
  else if (recover.length === 0)
    yield {
      path: ['save', 'pruned'],
      reason: 'without recover, as save.to is the pruned model then',
      from: [['recover']],
    }
}

function* idleInStep(step: ResolvedPruneStep, i: number): Iterable<Idle> {
  const at = (key: string): Path => ['prune', i, key]
  const from = [at('method')]
  for (const key of idleKeys(step.method)) {
    const reason = `with method ${step.method}, only with ${andList(methodsWith(key), 'or')}`
    yield { path: at(key), reason, from }
  }
  for (const name of allocationNames)
    if (name !== step.allocation)
      yield { path: at(name), reason: `with allocation ${step.allocation}`, from: [at('allocation')] }
  if (step.scope === 'global' && canBeGlobal(step.method) && !groupOf(step))
    yield {
      path: at('allocation'),
      reason: 'with scope global, which allocates by itself',
      from: [at('scope'), ...from],
    }
  const { scopes, ownGroup, exactOnly } = methodOf(step.method)
  if (groupOf(step)) {
    const reason = 'with an N:M pattern'
    for (const key of ['scope', 'selection']) yield { path: at(key), reason, from: [at('pattern')] }
    return
  }
  if (scopes.length === 0) yield { path: at('scope'), reason: `with ${step.method}, whose group is ${ownGroup}`, from }
  if (exactOnly) yield { path: at('selection'), reason: `with ${step.method}, which prunes exact counts`, from }
}

/** Keys of the modes that train nothing. */
const keysOfUntrained: Partial<Record<string, readonly string[]>> = {
  refit: ['mode', 'steps', 'dampening'],
  merge: ['mode', 'adapter'],
}

function* idleInRecover({ path, written, resolved: recover, adapter }: RecoveryEntry, prunes: boolean): Iterable<Idle> {
  const at = (...keys: string[]): Path => [...path, ...keys]
  const from = [at('mode')]
  const own = keysOfUntrained[recover.mode]
  if (own) {
    for (const key of Object.keys(written))
      if (!own.includes(key)) yield { path: at(key), reason: `in mode ${recover.mode}, which trains nothing`, from }
    return
  }
  yield { path: at('adapter'), reason: `in mode ${recover.mode}, only in merge`, from }
  yield { path: at('dampening'), reason: `in mode ${recover.mode}, only in refit`, from }
  if (recover.mode === 'reconstruct') {
    const reason = 'in mode reconstruct, which uses the calibration set'
    for (const key of ['data', 'field', 'samples', 'seq_len']) yield { path: at(key), reason, from }
    yield { path: at('clip_norm'), reason: 'in mode reconstruct, which does not clip', from }
    if (written.window === 'submodule' && recover.window === 'block')
      yield { path: at('window'), reason: sideBySide, from: [] }
    for (const key of ['loss', 'dense'])
      yield { path: at(key), reason: 'in mode reconstruct, which fits to the dense block', from }
    if (recover.inputs === 'dense')
      yield { path: at('targets'), reason: 'with dense inputs, whose outputs are the same', from: [at('inputs')] }
  } else for (const key of ['window', 'inputs', 'targets']) yield { path: at(key), reason: 'in mode retrain', from }
  if (recover.mode === 'retrain' && !recover.loss)
    yield { path: at('dense'), reason: 'with loss text', from: [at('loss')] }
  else if (recover.mode === 'retrain' && prunes)
    yield { path: at('dense'), reason: 'where the recipe itself prunes the dense model', from: [['prune']] }
  if (recover.train.includes('head')) return
  const train = [at('train')]
  if (!adapter) yield { path: at('lora'), reason: 'without an adapter or the head among train', from: train }
  else if (!adapterOf(adapter).drawn)
    yield { path: at('lora', 'init'), reason: `with ${adapter}, which always starts at 1`, from: train }
}

function* idleEvaluation({ resolved, recipe, recoveries, uses }: LintContext): Iterable<Idle> {
  const { recover, prune } = resolved
  const onlyRetrains = recover.every(({ mode }) => mode === 'retrain')
  const steps = largest(recover, 0, (one) => one.steps)
  const withFields = new Set(uses.filter(({ data }) => !data.endsWith('.txt')).map(({ path }) => path))
  for (const { path } of placesOf(uses)) {
    const reason = 'with a .txt file, which is one text'
    if (!withFields.has(path)) yield { path: [...path, 'field'], reason, from: [] }
  }
  for (const [i, { task }] of resolved.evaluate.entries()) {
    const from = [['evaluate', i, 'task']]
    for (const key of idleTaskKeys(task)) yield { path: ['evaluate', i, key], reason: `with task ${task}`, from }
  }
  for (const [i, { every }] of resolved.evaluate.entries()) {
    if (every === undefined) continue
    const path = ['evaluate', i, 'every']
    if (recover.length === 0) yield { path, reason: 'without recover', from: [['recover']] }
    else if (onlyRetrains && every > steps) {
      const from = recoveries.flatMap(({ path }) => [
        [...path, 'steps'],
        [...path, 'mode'],
      ])
      yield { path, reason: `with only ${steps} steps`, from }
    }
  }
  if (prune.length > 0) return
  for (const [i, evaluation] of (recipe.evaluate ?? []).entries()) {
    const j = (evaluation.at ?? []).indexOf('pruned')
    if (j >= 0) yield { path: ['evaluate', i, 'at', j], reason: 'without prune', from: [['prune']] }
  }
}
