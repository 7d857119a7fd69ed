import { normalPath } from '../../formatting/paths.ts'
import type { LintContext } from '../context.ts'
import type { RuleFile } from '../rule.ts'
import type { DataUse } from '../../recipe/dataUses.ts'
import { scalarText } from '../../recipe/edits.ts'
import { textFieldOf } from '../../recipe/facts.ts'
import type { Fix } from '../../recipe/finding.ts'

export const rule: RuleFile = {
  id: 'M6',
  severity: 'warning',
  title: 'Evaluated on what it was trained on',
  why: 'A perplexity on the calibration or training text says little about any other text. Even other text of the same kind flatters a recovery, which also adapts to that kind: measure on text of another kind too, as the second entry.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nevaluate: [{data: a.jsonl, seq_len: 64}]',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nevaluate: [{data: b.jsonl, seq_len: 64}]',
  *check(context) {
    const learnt = context.uses.filter(({ purpose }) => purpose !== 'evaluate')
    for (const use of context.uses.filter(({ purpose }) => purpose === 'evaluate')) {
      const other = learnt.find((one) => isSame(context, one, use))
      if (!other) continue
      yield {
        at: use.at,
        message: `This text is also used for ${other.purpose === 'calibration' ? 'calibration' : 'training'}: evaluate on another one.`,
        fixes: fixesFor(context, use),
      }
    }
  },
}

/** Questions are read whole, whatever their field is called. */
function isSame(context: LintContext, learnt: DataUse, { data, field, columns }: DataUse): boolean {
  if (placeOf(context, learnt.data) !== placeOf(context, data)) return false
  return columns !== null || fieldOf(context, learnt.data, learnt.field) === fieldOf(context, data, field)
}

/** Relative and absolute paths of a file are the same place. */
function placeOf({ facts: { folder } }: LintContext, data: string): string {
  const isAbsolute = /^(?:[a-z]:)?[\\/]/i.test(data)
  return normalPath(isAbsolute || folder === undefined ? data : `${folder}/${data}`)
}

/** The field that is read; plain text has none, and a file of ids has its only tensor. */
function fieldOf({ facts }: LintContext, data: string, field: string | undefined): string {
  const file = facts.data.get(data)
  if (/\.txt$/i.test(data)) return ''
  if (field !== undefined) return field
  return (file?.kind === 'ids' ? file.fields?.[0] : file && textFieldOf(file, field)) ?? 'text'
}

/** Fixes: use another tensor of the same file that nothing trains on, or remove this entry if there are others. */
function fixesFor(context: LintContext, use: DataUse): Fix[] {
  const { facts, uses, fix, has } = context
  const file = facts.data.get(use.data)
  const free = (field: string) => !uses.some((one) => isSame(context, one, { ...use, field, columns: null }))
  const fields = file?.kind === 'ids' ? (file.fields ?? []).filter(free).slice(0, 3) : []
  const at = [...use.path, 'field']
  const others = uses.filter(({ purpose, columns }) => purpose === 'evaluate' && columns === null)
  return [
    ...fields.map((name) => (has(at) ? fix.write(at, scalarText(name)) : fix.add(use.path, 'field', scalarText(name)))),
    ...(others.length > 1 ? [fix.drop(use.path, 'this entry')] : []),
  ]
}
