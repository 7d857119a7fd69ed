// The extension's calls into the backend, by their parameters: as they are checked where they arrive, since the other end of a socket
// may send anything, and as code knows them. What each answers is in rpc.ts.
import * as z from 'zod'
import { sensitivityUnits } from '../plan/analysis.ts'
import { ggufTypeNames } from '../catalog/formats/gguf/ggmlTypes.ts'
import { isMethodName, type MethodName } from '../catalog/methods/methods.ts'
import { precisions } from '../recipe/modes.ts'

const text = z.string()
const index = z.int().nonnegative()
/** null: as much as a run takes by default. */
const memoryBytes = z.number().nonnegative().nullable()
const model = z.object({ path: text })
/** With zeros where the mask prunes that another checkpoint holds, if that is named. */
const seen = model.extend({ mask: text.optional() })
/** Tensors of more than two dimensions are cut: all but the last two are `slice`. */
const matrix = seen.extend({ name: text, slice: z.array(index) })
const calibration = z.object({
  data: text,
  field: text.optional(),
  samples: index.optional(),
  seqLen: index.optional(),
})
/** The device to compute on, as the settings have it. */
const device = z.object({
  device: z.enum(['auto', 'cpu', 'wgpu']),
  /** Which GPU, by its name or a part of it; '': the fastest. */
  adapter: text,
  /** 0: as many as there are cores. */
  threads: z.number(),
  /** Limit on a GPU's memory, such as 8GB; '': all that it gives. */
  deviceMemory: text,
  /** Precision of products in a run whose recipe leaves it to the device. */
  precision: z.enum(precisions),
})

const schemas = {
  /** `cache`: the folder for cached statistics. */
  hello: device.extend({ protocol: z.int(), cache: text }),
  device: z.null(),
  adapters: z.null(),
  openModel: model,
  scan: model,
  /** A rectangle of a matrix. */
  tile: matrix.extend({
    rowStart: index,
    rowEnd: index,
    columnStart: index,
    columnEnd: index,
    /** Pixels wanted; never more than the rectangle has weights. */
    height: index,
    width: index,
  }),
  /** Counts weights with |w| at most `threshold`; 0: exact zeros only. */
  detail: matrix.extend({ threshold: z.number() }),
  weight: matrix.extend({ row: index, column: index }),
  measurable: model,
  /** An analysis of a model on calibration text, as `sparsescope analyse` makes it. */
  analyse: model.extend({
    calibration,
    methods: z.array(z.custom<MethodName>(isMethodName)).optional(),
    sparsities: z.array(z.number()).optional(),
    patterns: z.array(text).optional(),
    sensitivity: z.enum(sensitivityUnits).nullable(),
  }),
  compare: z.object({ a: seen, b: seen }),
  /** Downloads from the Hub; only ever called when a person has asked for this model. */
  pull: z.object({ name: text }),
  /** What a GGUF file of a checkpoint would take; fails where llama.cpp does not have such a model. */
  ggufSizes: model,
  /** `replaces`: a person has agreed that a file of that name goes. */
  writeGguf: model.extend({ to: text, type: z.enum(ggufTypeNames), replaces: z.boolean() }),
  /** Several checkpoints continue the same prompts. */
  tryOut: z.object({
    /** Paths. The first judges the tokens of all. */
    models: z.array(text),
    /** By model: a checkpoint whose mask is laid over the model's own weights; absent or null: the model as it is. */
    masks: z.array(text.nullable()).optional(),
    prompts: z.array(text),
    /** A conversation's earlier turns, the first of them first; absent: the prompts are texts to continue. */
    turns: z.array(z.object({ prompt: text, answers: z.array(text) })).optional(),
    /** New tokens after each prompt at most. */
    maxTokens: index,
    memoryBytes,
  }),
  /** Whether each has a chat template. */
  chatTemplates: z.object({ models: z.array(text) }),
  /** How a result was trained, by the note that its run left beside it; `path` is its folder. */
  trained: model,
  /** Writes the model card of a checkpoint that a run has saved; never over one that is there. */
  writeCard: model,
  plan: z.object({ recipe: text, text }),
  run: z.object({
    recipe: text,
    /** Overrides as in `run --set`: "recover.steps=10". */
    set: z.array(text),
    /** Run folder to continue, or null. */
    resume: text.nullable(),
    memoryBytes,
  }),
  /** A tool of the editor's agent (src/agents), which looks into these folders only. */
  agentTool: z.object({ name: text, input: z.unknown(), roots: z.array(text), memoryBytes }),
  /** Checks the input of run_recipe; `write`: its text becomes the recipe's file. */
  prepareRun: z.object({ input: z.unknown(), roots: z.array(text), write: z.boolean() }),
  activeRuns: z.null(),
  /** Answers and updates as of `run`, for a run that another connection started. Cancelling it cancels the run. */
  follow: z.object({ id: index }),
  pause: z.object({ folder: text, paused: z.boolean() }),
  ping: z.null(),
} satisfies Record<string, z.ZodType>

export type CallName = keyof typeof schemas
export type ParamsOf<C extends CallName> = z.output<(typeof schemas)[C]>
export const parameters: { readonly [C in CallName]: z.ZodType<ParamsOf<C>> } = schemas
export type SeenModel = z.output<typeof seen>
export type DeviceChoice = z.output<typeof device>
