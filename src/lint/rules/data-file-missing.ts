import { someOf } from '../../formatting/lists.ts'
import { replaceValue } from '../../recipe/edits.ts'
import { textFieldOf } from '../../recipe/facts.ts'
import { nearest } from '../../recipe/nearest.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'M7',
  severity: 'error',
  needs: 'data',
  title: 'A data file or a field of it is missing',
  why: 'Paths are relative to the recipe. `field` is the column of a table of text or the tensor of ids; without it, `text`, else `messages` with conversations, or the only integer tensor.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, field: content, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, field: text, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries, uses, facts, has }) {
    for (const { path, resolved } of recoveries) {
      const { init } = resolved.lora
      const file = init === null ? undefined : facts.data.get(init)
      const at = [...path, 'lora', 'init']
      if (file?.exists === false) yield { at, message: `There is no file ${init} (paths are relative to the recipe).` }
      else if (file?.isOnShare) yield { at, message: `${init} cannot be used: ${file.problem}.` }
    }
    for (const { path, at, data, field, columns } of uses) {
      const file = facts.data.get(data)
      if (!file) continue
      if (!file.exists) {
        const meant = nearest(data, facts.data.keys())
        yield {
          at,
          message: `There is no file ${data} (paths are relative to the recipe)${meant && meant !== data ? `: did you mean ${meant}?` : '.'}`,
        }
        continue
      }
      if (file.problem !== null) {
        yield { at, message: `${data} cannot be used: ${file.problem}.` }
        continue
      }
      if (columns && (file.kind === 'text' || file.kind === 'ids')) {
        yield {
          at,
          message: `${data} has no rows with columns, which this task reads: give a .jsonl, .jsonl.gz or .parquet file.`,
        }
        continue
      }
      if (columns) {
        const missing = columns.find((names) => file.columns && !names.some((name) => file.columns?.includes(name)))
        if (!missing) continue
        const [wanted, found] = [columns.map((names) => names.join(' or ')), file.columns ?? []]
        yield {
          at,
          message: `${data} has no column ${missing.join(' or ')}: this task reads ${someOf(wanted)}; it has ${someOf(found) || 'none'}.`,
        }
        continue
      }
      if (file.fields === null) continue
      const only = file.fields.length === 1 ? file.fields[0] : null
      const wanted = file.kind === 'ids' ? (field ?? only) : textFieldOf(file, field)
      if (wanted !== null && file.fields.includes(wanted)) continue
      const known = file.fields.slice(0, 10).join(', ')
      const place = has([...path, 'field']) ? [...path, 'field'] : at
      yield {
        at: place,
        message: `${data} has ${wanted === null ? 'several integer tensors' : `no ${file.kind === 'ids' ? 'integer tensor' : 'field'} ${wanted}`}: set field to one of ${known || '(it has none)'}.`,
        fixes: has([...path, 'field'])
          ? file.fields
              .slice(0, 3)
              .map((f) => ({ title: `Write ${f}`, edits: replaceValue(document, place, JSON.stringify(f)) }))
          : [],
      }
    }
  },
}
