import { isAdapterName } from '../../adapters/adapters.ts'
import type { LintContext } from '../context.ts'
import { remove, replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'
import type { Report } from '../rule.ts'
import { unknownKeys } from '../unknownKeys.ts'

export const s5 = defineRule({
  id: 'S5',
  severity: 'error',
  explains: true,
  title: 'Two settings that exclude each other',
  why: 'A linear can carry one adapter. `full` trains every weight already, so nothing can be added to it. Training is counted in steps, not in epochs.',
  bad: 'recover: {train: [mask_lora, scale_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}',
  good: 'recover: {train: [mask_lora, bias]}\ncalibration: {data: a.jsonl, seq_len: 64}',
  *check(context) {
    yield* exclusiveSubsets(context)
    for (const { key, parent, path } of unknownKeys(context)) {
      if (parent[0] !== 'recover' || !/^(?:num_)?(?:train_)?epochs$/.test(key)) continue
      yield {
        at: { key: path },
        message: `Training is counted in steps, not in epochs: set steps and remove ${key}.`,
        fixes: [{ title: `Remove ${key}`, edits: remove(context.document, path) }],
      }
    }
  },
})

function* exclusiveSubsets({ document, recipe }: LintContext): Iterable<Report> {
  const train: string[] = recipe.recover?.train ?? []
  const keep = (names: string[]) => replaceValue(document, ['recover', 'train'], `[${names.join(', ')}]`)
  const used = [...new Set(train.filter(isAdapterName))]
  const others = train.filter((t) => t !== 'full')
  if (train.includes('full') && others.length > 0) {
    yield {
      at: ['recover', 'train'],
      message: `full trains every weight, so ${others.join(', ')} cannot be trained besides it: keep one or the other.`,
      fixes: [
        { title: 'Keep full', edits: keep(['full']) },
        { title: `Keep ${others.join(', ')}`, edits: keep(others) },
      ],
    }
  } else if (used.length > 1) {
    yield {
      at: ['recover', 'train'],
      message: `A linear can carry one adapter, here are ${used.join(' and ')}: keep one.`,
      fixes: used.map((a) => ({
        title: `Keep ${a}`,
        edits: keep(train.filter((t) => t === a || !isAdapterName(t))),
      })),
    }
  }
}
