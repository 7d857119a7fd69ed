// Schemas and types of the parameters of each call from the extension into the backend. The backend checks every call against its
// schema, because the other end of a socket may send anything. Results are in rpc.ts.
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
/** `mask`: another checkpoint; weights that its mask prunes are seen as zeros. */
const seen = model.extend({ mask: text.optional() })
/** `slice`: indices along all dimensions but the last two, for tensors with more than two dimensions. */
const matrix = seen.extend({ name: text, slice: z.array(index) })
const calibration = z.object({
  data: text,
  field: text.optional(),
  samples: index.optional(),
  seqLen: index.optional(),
})
/** The device to compute on, from the settings of VS Code. */
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
    /** Size of the picture in pixels; the result has at most one pixel per weight. */
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
    /** If given, the masks of `path` are certified against this dense model, and nothing else is measured. */
    dense: text.optional(),
  }),
  compare: z.object({ a: seen, b: seen }),
  /** Downloads from the Hub; called only when the user has asked for this model. */
  pull: z.object({ name: text }),
  /** Size of a checkpoint as a GGUF file, for each type; fails if llama.cpp does not support the model family. */
  ggufSizes: model,
  /** `replaces`: the user has agreed to overwrite an existing file `to`. */
  writeGguf: model.extend({ to: text, type: z.enum(ggufTypeNames), replaces: z.boolean() }),
  /** Several checkpoints continue the same prompts. */
  tryOut: z.object({
    /** Paths. The first model also gives its probabilities of the tokens of all models. */
    models: z.array(text),
    /** By model: a checkpoint whose mask is applied to the model's weights; absent or null: the model as it is. */
    masks: z.array(text.nullable()).optional(),
    prompts: z.array(text),
    /** Earlier turns of a conversation, oldest first; absent: the prompts are texts to continue. */
    turns: z.array(z.object({ prompt: text, answers: z.array(text) })).optional(),
    /** New tokens after each prompt at most. */
    maxTokens: index,
    memoryBytes,
  }),
  /** Whether each model has a chat template. */
  chatTemplates: z.object({ models: z.array(text) }),
  /** How a result was trained, from the sparsescope.json that its run saved with it. `path`: folder of the result. */
  trained: model,
  /** Writes the model card of a checkpoint that a run has saved; never overwrites an existing card. */
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
  /** Calls a tool of the editor's agent (src/agents), which may access only the folders `roots`. */
  agentTool: z.object({ name: text, input: z.unknown(), roots: z.array(text), memoryBytes }),
  /** Checks the input of run_recipe; `write`: a recipe that is given as text is also written to its file. */
  prepareRun: z.object({ input: z.unknown(), roots: z.array(text), write: z.boolean() }),
  activeRuns: z.null(),
  /** Same result and progress as `run`, for a run that another connection started. Cancelling the call cancels the run. */
  follow: z.object({ id: index }),
  pause: z.object({ folder: text, paused: z.boolean() }),
  ping: z.null(),
} satisfies Record<string, z.ZodType>

export type CallName = keyof typeof schemas
export type ParamsOf<C extends CallName> = z.output<(typeof schemas)[C]>
export const parameters: { readonly [C in CallName]: z.ZodType<ParamsOf<C>> } = schemas
export type SeenModel = z.output<typeof seen>
export type DeviceChoice = z.output<typeof device>
