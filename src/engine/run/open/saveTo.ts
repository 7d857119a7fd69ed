// `--set save.to=…` of a resumed run: the one setting that may change, since a disk that is full or gone must not cost
// what a run has done.
import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { ggufPlace } from '../../../plan/outputs.ts'
import { parseSetting } from '../../../recipe/overrides.ts'
import type { ResolvedRecipe } from '../../../recipe/resolve.ts'
import { partialPath, removePartial } from '../../checkpoint/partialFolder.ts'
import { EngineError } from '../../errors.ts'
import type { RunProgress } from '../state/progress.ts'

/** The last `save.to` of the settings, null without one, and the other settings. */
export function splitSaveTo(settings: readonly string[]): { to: string | null; others: string[] } {
  let to: string | null = null
  const others: string[] = []
  for (const text of settings) {
    const setting = parseSetting(text)
    if (setting?.path === 'save.to' && typeof setting.value === 'string') to = setting.value
    else others.push(text)
  }
  return { to, others }
}

/**
 * The recipe of a run folder with the place that this session saves to: `asked` (absolute), or where an earlier session was
 * told to, or what the recipe says. What was begun elsewhere is removed, and the place noted in `progress`.
 * @throws EngineError 'usage' when there is nothing to save, or nothing left to.
 */
export async function placeResult(
  recipe: ResolvedRecipe,
  folder: string,
  progress: RunProgress,
  asked: string | null,
): Promise<ResolvedRecipe> {
  const placed = (to: string) => recipe.save && { ...recipe, save: { ...recipe.save, to } }
  const before = (progress.saveTo !== null && placed(resolve(folder, progress.saveTo))) || recipe
  // Noted as it was then: a workplace may have been moved since.
  if (progress.saved !== null) progress.saved = before.save && existsSync(before.save.to) ? before.save.to : null
  const file = before.save?.format === 'gguf' ? ggufPlace(before.save.to) : null
  if (progress.gguf.saved !== null) progress.gguf.saved = file !== null && existsSync(file) ? file : null
  // The recipe's own paths are right wherever the workplace is now.
  if (progress.pruned.saved !== null) progress.pruned.saved = before.save?.pruned ?? null
  if (asked === null || asked === before.save?.to) return before
  const after = placed(asked)
  if (!after)
    throw new EngineError('usage', '--set save.to: the recipe of this run has no `save`; start a new run with one')
  if (progress.saved !== null)
    throw new EngineError('usage', `--set save.to: the result is in ${progress.saved} already; resume without it`)
  if (before.save && progress.partial !== null) await removePartial(partialPath(before.save.to, progress.partial))
  if (file !== null && progress.gguf.partial !== null) await removePartial(partialPath(file, progress.gguf.partial))
  progress.partial = null
  progress.gguf.partial = null
  progress.saveTo = relative(folder, asked)
  return after
}
