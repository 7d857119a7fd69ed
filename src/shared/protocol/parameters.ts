// Schemas for the parameters of each call. They are checked where they arrive: the other end of a socket may send anything.
import * as z from 'zod'
import { sensitivityUnits } from '../analysis/analysis.ts'
import { ggufTypeNames } from '../format/gguf/ggufTypes.ts'
import { isMethodName, type MethodName } from '../methods/methods.ts'
import { precisions } from '../recipe/precisions.ts'
import { taskNames } from '../tasks/tasks.ts'
import type { CallName, ParamsOf } from './rpc.ts'

const text = z.string()
const index = z.int().nonnegative()
const memoryBytes = z.number().nonnegative().nullable()
const runFolders = z.array(text).max(1000).optional()
const model = z.object({ path: text })
const looked = model.extend({ remote: z.literal(true).optional() })
const seen = looked.extend({ mask: text.optional() })
const publication = z.object({ folder: text, repository: text, revision: text, isPrivate: z.boolean() })
const matrix = seen.extend({ name: text, slice: z.array(index) })
const calibration = z.object({
  data: text,
  field: text.optional(),
  samples: index.optional(),
  seqLen: index.optional(),
})

export const parameters: { readonly [C in CallName]: z.ZodType<ParamsOf<C>> } = {
  hello: z.object({
    device: z.enum(['auto', 'cpu', 'wgpu']),
    adapter: text,
    threads: z.number(),
    deviceMemory: text,
    precision: z.enum(precisions),
    protocol: z.int(),
    cache: text,
  }),
  device: z.null(),
  adapters: z.null(),
  openModel: looked,
  scan: model,
  tile: matrix.extend({
    rowStart: index,
    rowEnd: index,
    columnStart: index,
    columnEnd: index,
    height: index,
    width: index,
  }),
  detail: matrix.extend({ threshold: z.number() }),
  weight: matrix.extend({ row: index, column: index }),
  measurable: model,
  analyse: model.extend({
    calibration,
    methods: z.array(z.custom<MethodName>(isMethodName)).optional(),
    sparsities: z.array(z.number()).optional(),
    patterns: z.array(text).optional(),
    sensitivity: z.enum(sensitivityUnits).nullable(),
    blocks: z.int().positive().optional(),
  }),
  compare: z.object({ a: seen, b: seen }),
  pull: z.object({ name: text }),
  planPublish: publication,
  publish: publication.extend({ agreed: text }),
  ggufSizes: model,
  writeGguf: model.extend({ to: text, type: z.enum(ggufTypeNames), replaces: z.boolean() }),
  tryOut: z.object({
    models: z.array(text),
    masks: z.array(text.nullable()).optional(),
    prompts: z.array(text),
    maxTokens: index,
    memoryBytes,
  }),
  questions: z.object({ task: z.enum(taskNames), path: text, rows: z.array(index).min(1).max(1000) }),
  writeCard: model,
  plan: z.object({ recipe: text, text, runFolders }),
  run: z.object({ recipe: text, set: z.array(text), resume: text.nullable(), memoryBytes, runFolders }),
  activeRuns: z.null(),
  follow: z.object({ id: index }),
  pause: z.object({ folder: text, paused: z.boolean() }),
  ping: z.null(),
}
