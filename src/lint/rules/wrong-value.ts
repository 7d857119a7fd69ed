import { isScalar } from 'yaml'
import type { LintContext } from '../context.ts'
import type { Issue } from '../../recipe/schema.ts'
import { endOf, type Path } from '../../recipe/document.ts'
import { scalarText } from '../../recipe/edits.ts'
import type { Fix } from '../../recipe/finding.ts'
import { alternatives, type JsonSchema, schemaAt } from '../../recipe/jsonSchema.ts'
import { nearest } from '../../recipe/nearest.ts'
import type { RuleFile } from '../rule.ts'
import { inBrackets } from '../sourceText.ts'

export const rule: RuleFile = {
  id: 'S7',
  severity: 'error',
  voice: 'general',
  hasSafeFix: true,
  title: 'A value of the wrong kind',
  why: 'The value is of the wrong type, outside its bounds, or not one of the words that the key takes.',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, steps: "100"}',
  good: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, steps: 100}',
  *check(context) {
    for (const issue of context.issues) {
      const path = issue.path as (string | number)[]
      if (issue.code === 'unrecognized_keys' || (path.length > 0 && !context.has(path))) continue
      const schema = schemaAt(path)
      if (path.length === 0) {
        yield { at: path, message: 'A recipe is a map of settings: begin with version: 1 and model.' }
        continue
      }
      const name = String(path.findLast((p) => typeof p === 'string'))
      const expected =
        issue.code === 'custom'
          ? issue.message
          : schema
            ? describe(schema, context.get(path))
            : 'expected another value'
      const meant = schema && meantWord(context.get(path), schema)
      yield {
        at: path,
        message: `${name}: ${expected}, but this is ${kindOf(context.get(path))}${meant ? `: did you mean ${meant}?` : '.'}`,
        fixes: schema ? fixes(context, path, schema, issue) : [],
      }
    }
  },
}

/** `expected a number above 0 and at most 0.1` */
function describe(schema: JsonSchema, value: unknown): string {
  return `expected ${[...new Set(alternatives(schema).map((one) => describeOne(one, value)))].join(' or ')}`
}

/** Limits of lengths are named only where `value` exceeds them: people hardly ever meet them. */
function describeOne(schema: JsonSchema, value?: unknown): string {
  if (schema.enum) return schema.enum.length === 1 ? String(schema.enum[0]) : `one of ${schema.enum.join(', ')}`
  if (schema.const !== undefined) return String(schema.const)
  switch (schema.type) {
    case 'number':
    case 'integer':
      return `${schema.type === 'integer' ? 'a whole number' : 'a number'}${bounds(exactly(schema, value))}`
    case 'array': {
      const most =
        Array.isArray(value) && isAbove(value.length, schema.maxItems) ? ` of at most ${schema.maxItems}` : ''
      return `a list${most}${schema.items ? `, each item ${describeOne(schema.items)}` : ''}`
    }
    case 'object':
      return schema.properties ? `a map of ${Object.keys(schema.properties).join(', ')}` : 'a map'
    case 'boolean':
      return 'true or false'
    case 'null':
      return 'null'
    case 'string':
      if (typeof value === 'string' && isAbove(value.length, schema.maxLength))
        return `text of at most ${schema.maxLength} characters`
      return schema.minLength ? 'some text' : 'text'
    default:
      return 'any value'
  }
}

function isAbove(size: number, limit: unknown): boolean {
  return typeof limit === 'number' && size > limit
}

/** The schema with the limit of exact whole numbers, which it leaves out, where `value` exceeds it: a seed may be a time in ns. */
function exactly(schema: JsonSchema, value: unknown): JsonSchema {
  const isInexact = schema.type === 'integer' && typeof value === 'number' && value > Number.MAX_SAFE_INTEGER
  return isInexact ? { maximum: Number.MAX_SAFE_INTEGER, ...schema } : schema
}

function bounds(schema: JsonSchema): string {
  const parts = [
    schema.exclusiveMinimum !== undefined && `above ${schema.exclusiveMinimum}`,
    schema.minimum !== undefined && `of at least ${schema.minimum}`,
    schema.exclusiveMaximum !== undefined && `below ${schema.exclusiveMaximum}`,
    schema.maximum !== undefined && `at most ${schema.maximum}`,
  ].filter((p) => p !== false)
  return parts.length > 0 ? ` ${parts.join(' and ')}` : ''
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value))
    return value.length === 0 ? 'an empty list' : value.length > 20 ? `a list of ${value.length}` : 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string') return value.length > 40 ? 'a long text' : `the text ${JSON.stringify(value)}`
  return String(value)
}

function wordsOf(schema: JsonSchema): string[] {
  return alternatives(schema)
    .flatMap((s) => s.enum ?? [])
    .map(String)
}

/** The word of the schema that is nearest to a misspelt one. */
function meantWord(value: unknown, schema: JsonSchema): string | null {
  return typeof value === 'string' ? nearest(value.toLowerCase(), wordsOf(schema)) : null
}

function fixes({ document, fix, get }: LintContext, path: Path, schema: JsonSchema, issue: Issue): Fix[] {
  const value = get(path)
  const node = document.nodeAt(path)
  const to = (text: string): Fix => fix.write(path, text)
  if (typeof value === 'string' && wordsOf(schema).length > 0) {
    const meant = meantWord(value, schema)
    return meant ? [to(meant)] : []
  }
  // `save: out` and `calibration: a.jsonl` can mean one thing only.
  const only = schema.required?.length === 1 ? schema.required[0] : null
  if (typeof value === 'string' && only !== null) return [to(`{${only}: ${scalarText(value)}}`)]
  const numeric = alternatives(schema).some((s) => s.type === 'number' || s.type === 'integer')
  if (numeric && typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value.trim())) return [to(value.trim())]
  const list = alternatives(schema).length === 1 && schema.type === 'array'
  if (list && issue.code === 'invalid_type' && (isScalar(node) || typeof value === 'object') && node?.range) {
    // A map over several lines may have comments, which one line would lose.
    if (!isScalar(node) && document.text.slice(node.range[0], endOf(node, document.text)).includes('\n')) return []
    const isOfWords = schema.items?.enum !== undefined
    return [{ ...to(inBrackets(document, path, value, isOfWords)), title: 'Make it a list' }]
  }
  return []
}
