// Pruning steps: settings that contradict each other or the model, targets that reach nothing or nothing that can be pruned.
import { allocationOf, spreadsOne } from '../catalog/allocations/allocations.ts'
import type { SettledSettings } from '../catalog/allocations/allocation.ts'
import { andList, someOf } from '../formatting/lists.ts'
import { parseNm } from '../catalog/formats/sparsity.ts'
import { methodOf, refusesScope } from '../catalog/methods/methods.ts'
import { isPrunable, type ModelModule } from '../recipe/facts.ts'
import type { ResolvedPruneStep, ResolvedRecipe } from '../recipe/resolve.ts'
import type { ModelView } from './modelView.ts'
import { blocksOf, spreadSparsity } from './pruneEntry.ts'
import { type Change, type PlanFinding, refusal, warning } from './planFinding.ts'
import { regexSource } from '../recipe/match.ts'
import { nearest } from '../recipe/nearest.ts'

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
  yield refusal(
    'scope-not-supported',
    path,
    `${method} does not support scope ${scope}: write ${andList(scopes, 'or')}.`,
    {
      fixes: [{ path, value: scopes[0] }],
    },
  )
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

/** Two blocks of one size represent an unknown model. */
const unknownBlocks = [0, 1].map((block) => ({ block, parameters: 1 }))
const rounding = 1e-9

/** The sparsity of each block must be at least 0 and less than 1. */
function* spread(step: ResolvedPruneStep, i: number, model: ModelView | null): Iterable<PlanFinding> {
  const { allocation: name } = step
  const { most, spread: spreadOver } = allocationOf(name)
  const asked = step[name]?.spread
  const sparsity = spreadSparsity(step)
  if (!most || !spreadOver || typeof asked !== 'number' || sparsity === null) return
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

/** The groups of M run along the inputs, so M must divide their number. */
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

/** With the same settings, the later step prunes nothing. With other settings, it would be unclear which of them apply. */
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
    const message = `Step ${i} prunes ${named.name}${more}, which step ${first.get(named)} already prunes${differs.length > 0 ? ' with other settings' : ''}: narrow one of them.`
    yield {
      ...refusal('pruned-twice', ['prune', i, 'targets'], message, { unwritten: ['prune', i] }),
      ...(differs.length === 0 && { severity: 'hint', refused: false }),
      fixes: twice.length === mine.length ? [{ path: ['prune', i], title: `Remove step ${i}` }] : [],
    }
  }
}

export function* targetFindings({ prune }: ResolvedRecipe, model: ModelView): Iterable<PlanFinding> {
  for (const [i, { targets, ignore }] of prune.entries()) {
    // A step that prunes something all the same can be run.
    const refused = model.prunedBy({ targets, ignore }).length === 0
    const at = (kind: string, j: number) => ['prune', i, kind, j]
    for (const [j, entry] of targets.entries()) {
      const found = model.matched(entry)
      if (found.length === 0) yield { ...unmatched(entry, at('targets', j), model), refused }
      else if (!found.some(isPrunable) && (refused || found.some(({ kind }) => kind !== 'head')))
        yield { ...unprunable(entry, at('targets', j), found[0], targets.length > 1), refused }
    }
    for (const [j, entry] of ignore.entries())
      if (model.matched(entry).length === 0 && !/(?:lm_head|embed_out)\$?$/.test(entry))
        yield ignoringNothing(entry, at('ignore', j), model)
    if (refused && targets.some((entry) => model.matched(entry).some(isPrunable)))
      yield refusal(
        'step-prunes-nothing',
        ['prune', i, 'ignore'],
        `ignore leaves nothing of what targets matches, ${JSON.stringify(targets)}: narrow it to ${exampleOf(model)}, or remove it.`,
      )
  }
}

function exampleOf(model: ModelView): string {
  return `modules such as ${namesOf(model)[0]}`
}

function namesOf({ modules }: ModelView): string[] {
  return modules.filter(isPrunable).map(({ name }) => name)
}

const rewrite = (path: Change['path'], value: string): Change => ({ path, value })

/** A regular expression that matches somewhere in a name, though not from its start. */
function unanchored(entry: string, path: Change['path'], model: ModelView): PlanFinding | null {
  const source = regexSource(entry)
  if (source === null) return null
  const better = `re:.*${source.includes('|') ? `(?:${source})` : source}`
  const { length } = model.matched(better)
  if (length === 0) return null
  return refusal(
    'regex-needs-prefix',
    path,
    `${entry} matches nothing, since it must match from the start of a name. ${better} matches ${length} modules.`,
    { fixes: [rewrite(path, better)] },
  )
}

/** `layers.*.up_proj`, as a shell writes it: a regular expression that matches those names; null: no name matches. */
function ofWildcard(entry: string, { matched }: ModelView): string | null {
  if (!entry.includes('*') || !/^[\w.*]+$/.test(entry)) return null
  const better = `re:.*${entry.replace(/^\*+/, '').replaceAll('.', '\\.').replace(/\*+/g, '.*')}$`
  return matched(better).length > 0 ? better : null
}

/** Names that the user may have meant by an entry that matches nothing, best first. */
function meantBy(entry: string, model: ModelView, names: readonly string[]): string[] {
  const expression = ofWildcard(entry, model)
  if (expression !== null) return [expression]
  // `fc1` means every module of that name, which is a regular expression here.
  const suffix = (regexSource(entry) ?? entry).replace(/\$$/, '')
  const ends = /^[\w.]+$/.test(suffix) && names.some((name) => name.endsWith(`.${suffix}`))
  const similar = regexSource(entry) === null ? nearest(entry, ['Linear', ...names]) : null
  return [ends ? `re:.*${suffix.replaceAll('.', '\\.')}$` : null, similar].filter((one) => one !== null)
}

function unmatched(entry: string, path: Change['path'], model: ModelView): PlanFinding {
  const meant = unanchored(entry, path, model)
  if (meant) return meant
  const names = namesOf(model)
  const better = meantBy(entry, model, names)
  const advice = better.length > 0 ? `: did you mean ${better.join(' or ')}?` : `. Names look like ${names[0]}.`
  return refusal('target-matches-nothing', path, `${entry} matches no module of the model${advice}`, {
    fixes: better.map((one) => rewrite(path, one)),
  })
}

function ignoringNothing(entry: string, path: Change['path'], model: ModelView): PlanFinding {
  const meant = unanchored(entry, path, model)
  if (meant) return { ...meant, refused: false }
  const names = model.modules.map(({ name }) => name)
  const similar = ofWildcard(entry, model) ?? (regexSource(entry) === null ? nearest(entry, names) : null)
  const advice = similar ? `: did you mean ${similar}?` : ', so it leaves nothing out.'
  return warning('ignore-matches-nothing', path, `${entry} matches no module of the model${advice}`, {
    fixes: [...(similar ? [rewrite(path, similar)] : []), { path, title: `Remove ${entry}` }],
  })
}

const kinds: Partial<Record<ModelModule['kind'], string>> = {
  embedding: 'an embedding',
  norm: 'a norm',
  router: 'a router',
  head: 'the output head',
}

function unprunable(entry: string, path: Change['path'], { name, kind }: ModelModule, hasOthers: boolean): PlanFinding {
  const what = kinds[kind] ?? 'no projection inside the blocks'
  return refusal(
    'target-not-prunable',
    path,
    `${entry} matches ${name}, ${what}, which is not pruned: name linears of the blocks.`,
    { fixes: hasOthers ? [{ path, title: `Remove ${entry}` }] : [] },
  )
}
