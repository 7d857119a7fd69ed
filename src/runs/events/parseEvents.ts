// Lines of events.jsonl that nobody vouches for: what is not an event as events.ts has it is left out, so that whoever
// draws a run need not expect anything else. By hand and not by zod: of a run on the screen a hundred thousand lines are checked.
import { taskNames } from '../../shared/tasks/tasks.ts'
import type { RunEvent } from '../../shared/series/events.ts'
import { isRecord } from '../../shared/format/records.ts'

type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const number: Check = (value) => typeof value === 'number'
/** Most blocks: no model has more, and views draw a row for each. */
const mostBlocks = 10_000
const place: Check = (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < mostBlocks
const blockCount: Check = (value) => place(value) || value === mostBlocks
const flag: Check = (value) => typeof value === 'boolean'
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value as string)
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
/** JSON has no NaN: what is none is null. */
const measured: Check = (value) => value === null || number(value)
const record =
  (check: Check): Check =>
  (value) =>
    isRecord(value) && Object.values(value).every(check)

const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)

const range: Check = (value) => list(number)(value) && (value as number[]).length === 2

const moduleZeros: Check = (value) =>
  isRecord(value) && number(value.zeros) && number(value.sparsity) && number(value.size)

const blockErrors: Check = (value) =>
  isRecord(value) && number(value.recovery) && measured(value.error_before) && measured(value.error_after)

const mergedUpdate: Check = (value) => isRecord(value) && number(value.norm) && number(value.cut)

const stage = oneOf('dense', 'pruned', 'recovered')
const plannedStages: Check = (value) =>
  isRecord(value) && flag(value.prunes) && list(text)(value.recoveries) && list(stage)(value.measures)

const sample: Check = (value) =>
  isRecord(value) && text(value.prompt) && text(value.text) && list(number)(value.tokens) && list(number)(value.ends)

const attempt: Check = (value) => isRecord(value) && number(value.value) && measured(value.loss)

/** By type, then by field: `t` and `type` are checked for all. */
const shapes: { readonly [type in RunEvent['type']]: Readonly<Record<string, Check>> } = {
  start: {
    name: text,
    model: text,
    device: text,
    description: text,
    version: text,
    blocks: blockCount,
    recoveries: optional(list(text)),
    plan: optional(plannedStages),
    resumed: optional(flag),
  },
  phase: { phase: text, recovery: optional(number) },
  progress: {
    phase: text,
    done: number,
    total: number,
    unit: text,
    eta_s: measured,
    eta_range_s: optional(range),
    overall: optional(number),
  },
  step: {
    recovery: optional(number),
    block: optional(place),
    step: number,
    loss: measured,
    lr: number,
    tokens_per_second: measured,
  },
  block: {
    block: place,
    modules: record(moduleZeros),
    error_before: optional(measured),
    error_after: optional(measured),
    errors: optional(list(blockErrors)),
    seconds: number,
  },
  merge: {
    recovery: optional(number),
    block: (value) => value === null || place(value),
    modules: record(mergedUpdate),
  },
  eval: {
    stage,
    step: optional(number),
    recovery: optional(number),
    entry: number,
    task: optional(oneOf(...taskNames)),
    data: optional(text),
    seq_len: optional(number),
    perplexity: optional(measured),
    acc: optional(number),
    acc_norm: optional(number),
    stderr: optional(measured),
    samples: optional(list(sample)),
  },
  allocation: { step: number, allocation: text, key: text, value: number, tried: list(attempt) },
  memory: { rss_mb: number, device_mb: number },
  warning: { message: text },
  saved: { path: text, stage: optional(oneOf('pruned', 'gguf')) },
  end: { status: oneOf('done', 'failed', 'cancelled'), message: optional(text) },
}
const byType = new Map<unknown, Readonly<Record<string, Check>>>(Object.entries(shapes))

/** The events of the lines, in their order; a line that is none is skipped. */
export function parseEvents(lines: readonly string[]): RunEvent[] {
  return lines.flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line)
      return isEvent(value) ? [value] : []
    } catch {
      return []
    }
  })
}

function isEvent(value: unknown): value is RunEvent {
  if (!isRecord(value) || !number(value.t)) return false
  const shape = byType.get(value.type)
  return shape !== undefined && Object.entries(shape).every(([key, check]) => check(value[key]))
}
