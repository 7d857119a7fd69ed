// Settings of pruning steps that contradict each other or the model.
import { allocationOf, spreadsOne } from '../../catalog/allocations/allocations.ts'
import type { SettledSettings } from '../../catalog/allocations/allocation.ts'
import { andList, someOf } from '../../formatting/lists.ts'
import { parseNm } from '../../catalog/formats/nm.ts'
import { methodOf, refusesScope } from '../../catalog/methods/methods.ts'
import type { ModelModule } from '../../recipe/facts.ts'
import type { ResolvedPruneStep, ResolvedRecipe } from '../../recipe/resolve.ts'
import type { ModelView } from '../modelView.ts'
import { blocksOf, spreadsOverBlocks } from '../pruneEntries.ts'
import { refusal, type PlanFinding } from '../planFinding.ts'

export function* stepFindings(
  { prune }: Pick<ResolvedRecipe, 'prune'>,
  model: ModelView | null,
): Iterable<PlanFinding> {
  for (const [i, step] of prune.entries())
    for (const check of [scope, allocation, spread, blockSize, groups]) yield* check(step, i, model)
  if (model) yield* prunedTwice(prune, model)
}

function* scope({ method, pattern, scope }: ResolvedPruneStep, i: number): Iterable<PlanFinding> {
  if (parseNm(pattern) || !refusesScope(method, scope)) return
  const { scopes } = methodOf(method)
  const path = ['prune', i, 'scope']
  yield refusal('scope-not-supported', path, `${method} knows no scope ${scope}: write ${andList(scopes, 'or')}.`, {
    fixes: [{ path, value: scopes[0] }],
  })
}

function* allocation({ allocation, pattern, sparsity }: ResolvedPruneStep, i: number): Iterable<PlanFinding> {
  const other = parseNm(pattern) ? 'pattern' : typeof sparsity === 'number' ? null : 'sparsity'
  if (!spreadsOne(allocation) || other === null) return
  const path = ['prune', i, 'allocation']
  const message =
    other === 'pattern'
      ? `allocation ${allocation} spreads the sparsity over the blocks, but ${pattern} fixes it: remove one of them.`
      : `allocation ${allocation} needs one number as sparsity, not a list: remove the allocation, or write one number.`
  yield refusal('nothing-to-allocate', path, message, { from: [['prune', i, other]], fixes: [{ path }] })
}

/** Two blocks of one size stand for those of a model that is not known. */
const unknownBlocks = [0, 1].map((block) => ({ block, parameters: 1 }))
const rounding = 1e-9

/** Each block has to keep something, and none can lose less than nothing. */
function* spread(step: ResolvedPruneStep, i: number, model: ModelView | null): Iterable<PlanFinding> {
  const { allocation: name, sparsity } = step
  const { most, spread: spreadOver } = allocationOf(name)
  const asked = step[name]?.spread
  if (!most || !spreadOver || typeof asked !== 'number' || typeof sparsity !== 'number' || !spreadsOverBlocks(step))
    return
  const pruned = model
    ?.prunedBy(step)
    .map(({ block, rows, columns }) => ({ block: block ?? 0, parameters: rows * columns }))
  const blocks = blocksOf(pruned ?? unknownBlocks)
  const shares = spreadOver(blocks, sparsity, { ...step[name], spread: asked } as SettledSettings)
  if (shares.every((share) => share > -rounding && share < 1 - rounding)) return
  const limit = most(blocks, sparsity)
  const [first, last] = [shares[0], shares[shares.length - 1]].map((share) => Number(share.toFixed(4)))
  const better = Number((0.9 * limit).toPrecision(2))
  const message = `A spread of ${asked} around ${sparsity} would give the first block ${first} and the last ${last}: write less than ${Number(limit.toPrecision(4))}.`
  const path = ['prune', i, name]
  yield refusal('spread-too-wide', [...path, 'spread'], message, {
    unwritten: ['prune', i, 'allocation'],
    from: [['prune', i, 'sparsity']],
    fixes: [{ path, value: { spread: better }, title: `Write spread: ${better}` }],
  })
}

function* blockSize({ method, pattern, block_size: size }: ResolvedPruneStep, i: number): Iterable<PlanFinding> {
  const group = parseNm(pattern)
  if (!group || !methodOf(method).columnBlocks || size === undefined || size % group.m === 0) return
  const better = Math.max(1, Math.round(size / group.m)) * group.m
  const path = ['prune', i, 'block_size']
  const message = `block_size ${size} is not a multiple of ${group.m}: set it to ${better}.`
  yield refusal('block-size-splits-groups', path, message, {
    unwritten: ['prune', i, 'pattern'],
    fixes: [{ path, value: better }],
  })
}

/** Groups of M lie along the inputs. */
function* groups(step: ResolvedPruneStep, i: number, model: ModelView | null): Iterable<PlanFinding> {
  const group = parseNm(step.pattern)
  if (!group || !model) return
  const pruned = model.prunedBy(step)
  const wrong = pruned.filter(({ columns }) => columns % group.m !== 0)
  if (wrong.length === 0) return
  const names = wrong.map(({ name, columns }) => `${name} (${columns} inputs)`)
  const last = [...new Set(wrong.map(({ name }) => name.split('.').at(-1)))]
  const entry = `re:.*${last.length > 1 ? `(?:${last.join('|')})` : last[0]}$`
  const message = `Groups of ${group.m} do not fit ${someOf(names, 3)}: ignore them or choose another pattern.`
  yield refusal('pattern-does-not-divide', ['prune', i, 'pattern'], message, {
    fixes:
      wrong.length < pruned.length
        ? [{ path: ['prune', i, 'ignore'], value: entry, append: true, title: 'Ignore them' }]
        : [],
  })
}

/** With the same settings the later step has nothing left to do; with others nothing would say which one counts. */
function* prunedTwice(steps: readonly ResolvedPruneStep[], model: ModelView): Iterable<PlanFinding> {
  const first = new Map<ModelModule, number>()
  const ways = steps.map((step) => JSON.stringify({ ...step, targets: [], ignore: [] }))
  for (const [i, step] of steps.entries()) {
    const mine = model.prunedBy(step)
    const twice = mine.filter((module) => first.has(module))
    for (const module of mine) if (!first.has(module)) first.set(module, i)
    if (twice.length === 0) continue
    const differs = twice.filter((module) => ways[first.get(module) ?? i] !== ways[i])
    const [named] = differs.length > 0 ? differs : twice
    const more = twice.length > 1 ? ` and ${twice.length - 1} more` : ''
    const message = `Step ${i} prunes ${named.name}${more}, as step ${first.get(named)} does already${differs.length > 0 ? ' with other settings' : ''}: narrow one of them.`
    yield {
      ...refusal('pruned-twice', ['prune', i, 'targets'], message, { unwritten: ['prune', i] }),
      ...(differs.length === 0 && { severity: 'hint', refused: false }),
      fixes: twice.length === mine.length ? [{ path: ['prune', i], title: `Remove step ${i}` }] : [],
    }
  }
}
