// Targets and ignore entries that reach nothing, or nothing that can be pruned.
import { regexSource } from '../../recipe/match.ts'
import { nearest } from '../../recipe/nearest.ts'
import { isPrunable, type ModelModule } from '../../recipe/facts.ts'
import type { ResolvedRecipe } from '../../recipe/resolve.ts'
import type { ModelView } from '../modelView.ts'
import { refusal, warning, type Change, type PlanFinding } from '../planFinding.ts'

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

function unmatched(entry: string, path: Change['path'], model: ModelView): PlanFinding {
  const meant = unanchored(entry, path, model)
  if (meant) return meant
  const names = namesOf(model)
  // `fc1` means every module of that name, which is a regular expression here.
  const suffix = (regexSource(entry) ?? entry).replace(/\$$/, '')
  const ends = /^[\w.]+$/.test(suffix) && names.some((name) => name.endsWith(`.${suffix}`))
  const similar = regexSource(entry) === null ? nearest(entry, ['Linear', ...names]) : null
  const better = [ends ? `re:.*${suffix.replaceAll('.', '\\.')}$` : null, similar].filter((one) => one !== null)
  const advice = better.length > 0 ? `: did you mean ${better.join(' or ')}?` : `. Names look like ${names[0]}.`
  return refusal('target-matches-nothing', path, `${entry} matches no module of the model${advice}`, {
    fixes: better.map((one) => rewrite(path, one)),
  })
}

function ignoringNothing(entry: string, path: Change['path'], model: ModelView): PlanFinding {
  const meant = unanchored(entry, path, model)
  if (meant) return { ...meant, refused: false }
  const names = model.modules.map(({ name }) => name)
  const similar = regexSource(entry) === null ? nearest(entry, names) : null
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
