import { isAdapterName } from '../../adapters/adapters.ts'
import type { LintContext, RecoveryEntry } from '../../lint/context.ts'
import { replaceValue } from '../edits.ts'
import { defineRule, type Report } from '../../lint/rule.ts'
import { superfluousKeys } from '../../lint/unknownKeys.ts'

export const rule = defineRule({
  id: 'S5',
  severity: 'error',
  voice: 'explains',
  title: 'Two settings that exclude each other',
  why: 'A linear can carry one adapter. `full` trains every weight already, so nothing can be added to it. Training is counted in steps, not in epochs.',
  bad: 'recover: {train: [mask_lora, scale_lora]}\ncalibration: {data: a.jsonl, seq_len: 64}',
  good: 'recover: {train: [mask_lora, bias]}\ncalibration: {data: a.jsonl, seq_len: 64}',
  *check(context) {
    for (const recovery of context.recoveries) yield* exclusiveSubsets(context, recovery)
    const say = (key: string) => `Training is counted in steps, not in epochs: set steps and remove ${key}.`
    yield* superfluousKeys(context, /^(?:num_)?(?:train_)?epochs$/, say)
  },
})

function* exclusiveSubsets({ document }: LintContext, { path, written }: RecoveryEntry): Iterable<Report> {
  const train: string[] = written.train ?? []
  const at = [...path, 'train']
  const keep = (names: string[]) => replaceValue(document, at, `[${names.join(', ')}]`)
  const used = [...new Set(train.filter(isAdapterName))]
  const others = train.filter((t) => t !== 'full')
  if (train.includes('full') && others.length > 0) {
    yield {
      at,
      message: `full trains every weight, so ${others.join(', ')} cannot be trained besides it: keep one or the other.`,
      fixes: [
        { title: 'Keep full', edits: keep(['full']) },
        { title: `Keep ${others.join(', ')}`, edits: keep(others) },
      ],
    }
  } else if (used.length > 1) {
    yield {
      at,
      message: `A linear can carry one adapter, here are ${used.join(' and ')}: keep one.`,
      fixes: used.map((a) => ({
        title: `Keep ${a}`,
        edits: keep(train.filter((t) => t === a || !isAdapterName(t))),
      })),
    }
  }
}
