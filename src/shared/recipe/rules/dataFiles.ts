// Files of data: there, readable, and the right ones.
import { someOf } from '../../format/lists.ts'
import { normalPath } from '../../format/paths.ts'
import type { Path } from '../document.ts'
import { isText } from '../dataUses.ts'
import { replaceValue } from '../edits.ts'
import { nearest } from '../nearest.ts'
import { defineRule } from '../rule.ts'

export const m6 = defineRule({
  id: 'M6',
  severity: 'warning',
  title: 'Evaluated on what it was trained on',
  why: 'A perplexity on the calibration or training text says little about any other text.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nevaluate: [{data: a.jsonl, seq_len: 64}]',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nevaluate: [{data: b.jsonl, seq_len: 64}]',
  *check({ uses }) {
    for (const use of uses.filter((u) => u.purpose === 'evaluate')) {
      const other = uses.find(
        (u) => u.purpose !== 'evaluate' && normalPath(u.data) === normalPath(use.data) && u.field === use.field,
      )
      if (!other) continue
      yield {
        at: [...use.path, 'data'],
        message: `This text is also used for ${other.purpose === 'calibration' ? 'calibration' : 'training'}: evaluate on another one.`,
      }
    }
  },
})

export const m7 = defineRule({
  id: 'M7',
  severity: 'error',
  needs: 'data',
  title: 'A data file or a field of it is missing',
  why: 'Paths are relative to the recipe. `field` is the column of a table of text or the tensor of ids; without it, `text`, or the only integer tensor.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, field: content, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, field: text, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries, uses, facts, has }) {
    for (const { path, resolved } of recoveries) {
      const { init } = resolved.lora
      if (init !== null && facts.data.get(init)?.exists === false) {
        const at = [...path, 'lora', 'init']
        yield { at, message: `There is no file ${init} (paths are relative to the recipe).` }
      }
    }
    for (const { path, data, field, columns } of uses) {
      const file = facts.data.get(data)
      if (!file) continue
      const at = [...path, 'data']
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
      const wanted = field ?? (file.kind === 'ids' ? (file.fields.length === 1 ? file.fields[0] : null) : 'text')
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
})

export const c6 = defineRule({
  id: 'C6',
  severity: 'error',
  needs: 'model',
  title: 'Text without a tokenizer that fits',
  why: 'Text is read with the tokenizer.json of the model folder. Its ids must lie within the embedding. Files of ids (`.safetensors`) need no tokenizer.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: ids.safetensors, seq_len: 16}\nsave: {to: out}',
  *check({ uses, model, resolved }) {
    if (!model?.modelConfig) return
    const { present, largestId } = model.tokenizer
    const rows = model.modelConfig.vocabSize
    const prompts = resolved.evaluate.flatMap((one, i): Path[] => (one.prompts ? [['evaluate', i, 'prompts']] : []))
    const texts = uses.filter(({ data }) => isText(data)).map(({ path }): Path => [...path, 'data'])
    for (const at of [...texts, ...prompts]) {
      if (!present) {
        const instead = at.at(-1) === 'data' ? ', or use a safetensors file of ids' : ''
        yield { at, message: `This is text, but the model folder has no tokenizer.json: add it${instead}.` }
      } else if (largestId !== null && largestId >= rows) {
        yield {
          at,
          message: `The tokenizer has ids up to ${largestId}, the embedding ${rows} rows: is tokenizer.json from another model?`,
        }
      }
    }
  },
})
