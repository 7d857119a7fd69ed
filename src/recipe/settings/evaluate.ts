// Settings of an evaluation.
import * as z from 'zod'
import { stages } from '../../catalog/stages.ts'
import {
  defaultTask,
  taskNames,
  taskOf,
  tasksWithData,
  tasksWithPrompts,
  zeroShotNames,
  type TaskName,
} from '../../catalog/tasks/tasks.ts'
import { andList, largest } from '../../formatting/lists.ts'
import { isBlockwise, type RecoverMode } from '../modes.ts'
import {
  hasConversations,
  hasFields,
  lossOn,
  usualLength,
  windowLength,
  windowTexts,
  type KnownOfWindows,
} from './calibration.ts'
import { all, count, described, idle, mapOf, path, rowsOf, type Applies } from './row.ts'

/** Keys of an evaluation on which others depend, the model, and the rest of the recipe. */
export interface Known extends Omit<KnownOfWindows, 'seq_len'> {
  readonly task: TaskName
  readonly data?: string
  /** Whether the recipe prunes. */
  readonly prunes: boolean
  /** Its recoveries. */
  readonly recoveries: readonly { readonly mode: RecoverMode; readonly steps: number }[]
}

const row = rowsOf<Known>()

/** Most characters of a prompt. */
const longestPrompt = 2 ** 15

/** What a task measures on. */
type Kind = 'text' | 'questions' | 'prompts'
const kindOf = (task: TaskName): Kind =>
  taskOf(task).prompts ? 'prompts' : taskOf(task).questions ? 'questions' : 'text'
const taskWith =
  (...kinds: Kind[]): Applies<Known> =>
  ({ task }) =>
    kinds.includes(kindOf(task)) || idle(`with task ${task}`, 'task')

/** Windows are cut from one text or one stream of ids. */
const isStream: Applies<Known> = ({ data, field, idShape }) =>
  data === undefined || idShape?.(data, field)?.length !== 2 || idle('with rows of ids, which are windows already')

export const evaluateRows = {
  task: row({
    type: z.enum(taskNames),
    about: [
      'What to measure. Zero-shot tasks read the rows that `datasets` exports and score them as lm-evaluation-harness does.',
      ...taskNames.map((name) => `- \`${name}\`: ${taskOf(name).about}`),
    ].join('\n'),
    default: defaultTask,
    option: {
      flags: '--task <name>',
      about: `what to measure: ${tasksWithData.join(', ')}`,
      default: defaultTask,
      anyWord: true,
    },
    field: 'evaluate.data',
  }),

  data: row({
    type: path,
    about: windowTexts.data,
    appliesWhen: taskWith('text', 'questions'),
    leftOutWhenIdle: true,
    option: {
      flags: '--data <file>',
      about: '.txt, .jsonl(.gz), .parquet, or .safetensors with ids',
      mandatory: true,
    },
    field: { label: 'Measure on' },
  }),

  field: row({
    type: z.string().min(1),
    about: windowTexts.field,
    appliesWhen: all<Known>(taskWith('text'), hasFields),
    resolve: (field, { task }) => (kindOf(task) === 'text' ? field : undefined),
    option: { flags: '--field <name>', about: 'column of text or of conversations, or tensor of ids' },
  }),

  loss_on: row({
    type: lossOn,
    about: `${windowTexts.lossOn} For perplexity.`,
    appliesWhen: all<Known>(taskWith('text'), hasConversations),
    leftOutWhenIdle: true,
    option: { flags: '--loss-on <part>', about: 'conversations: measure the tokens of this part alone' },
  }),

  samples: row({
    type: count,
    about: 'Number of windows, from the beginning of the text. Default: all. For perplexity.',
    appliesWhen: taskWith('text'),
    leftOutWhenIdle: true,
    option: { flags: '--samples <n>', about: 'windows to use (default: all)' },
  }),

  seq_len: row({
    type: windowLength,
    about: windowTexts.seqLen,
    default: usualLength,
    appliesWhen: taskWith('text'),
    leftOutWhenIdle: true,
    option: {
      flags: '--seq-len <n>',
      about: "tokens in a window (default: rows of ids as they are, else the model's positions, at most 4096)",
    },
    field: 'evaluate.data',
  }),

  stride: row({
    type: count,
    about:
      "Tokens from the beginning of a window to that of the next. Windows overlap by `seq_len` − `stride`; each counts only the tokens that no window before it has, as in Hugging Face's guide to the perplexity of long texts. `samples` and the dropped tail are counted without overlap: every stride measures the same text. Default: `seq_len`, without overlap. For perplexity.",
    appliesWhen: all<Known>(taskWith('text'), isStream),
    leftOutWhenIdle: true,
    option: {
      flags: '--stride <n>',
      about: 'tokens from window to window, which then overlap; only new tokens count (default: --seq-len)',
    },
  }),

  limit: row({
    type: count,
    about: `Only the first rows of the data. For zero-shot tasks: ${zeroShotNames.join(', ')}.`,
    appliesWhen: taskWith('questions'),
    leftOutWhenIdle: true,
    option: { flags: '--limit <n>', about: 'zero-shot tasks: only the first rows of the data (default: all)' },
  }),

  out: row({
    type: path,
    about: `A folder, relative to the recipe, that also gets the results and each row's answers in the files of lm-evaluation-harness, in a folder for each stage. In a sweep every run has a folder of its own, by its name. For zero-shot tasks.`,
    appliesWhen: taskWith('questions'),
    leftOutWhenIdle: true,
    option: {
      flags: '--out <dir>',
      about: 'zero-shot tasks: also write results_….json and samples_….jsonl as lm-evaluation-harness does',
    },
  }),

  prompts: row({
    type: z.array(z.string().min(1).max(longestPrompt)).min(1).max(100),
    about: `The texts to continue, each by itself. For ${andList(tasksWithPrompts)}.`,
    examples: [['Once upon a time']],
    resolve: (prompts = []) => prompts,
    appliesWhen: taskWith('prompts'),
    leftOutWhenIdle: true,
  }),

  max_tokens: row({
    type: z.int().min(1).max(4096),
    about: `Largest number of new tokens after each prompt. For ${andList(tasksWithPrompts)}.`,
    default: taskOf(tasksWithPrompts[0]).prompts?.maxTokens,
    resolve: (_, { task }, written) => written ?? taskOf(task).prompts?.maxTokens,
    appliesWhen: taskWith('prompts'),
    leftOutWhenIdle: true,
  }),

  at: row({
    type: z.array(z.enum(stages)).min(1),
    about: 'When to measure. `pruned` under `reconstruct` costs a pruning pass of its own.',
    default: ['dense', 'recovered'],
    appliesWhen({ prunes }, at = []) {
      const item = at.indexOf('pruned')
      return prunes || item < 0 || { ...idle('without prune', '/prune'), item }
    },
    field: 'evaluate.data',
    remark: ({ prunes, recoveries: [first] }, at) =>
      prunes && at.includes('pruned') && first !== undefined && isBlockwise(first)
        ? 'pruned: one more pruning pass, since blocks are recovered as they are pruned'
        : undefined,
  }),

  every: row({
    type: count,
    about: 'Also measure each time this many steps (retrain) or blocks (reconstruct) are done.',
    appliesWhen({ recoveries }, every = 0) {
      if (recoveries.length === 0) return idle('without recover', '/recover')
      const steps = largest(recoveries, 0, (one) => one.steps)
      if (every <= steps || recoveries.some(({ mode }) => mode !== 'retrain')) return true
      return idle(`with only ${steps} steps`, '/recover/steps', '/recover/mode')
    },
    remark: ({ recoveries }) => (recoveries.some(({ mode }) => mode === 'retrain') ? 'steps' : 'blocks'),
  }),
}

export const evaluation = mapOf(evaluateRows)
  .superRefine(({ task = defaultTask, ...keys }, context) => {
    const key = taskOf(task).prompts ? 'prompts' : 'data'
    if (keys[key] === undefined) context.addIssue({ code: 'custom', path: [key], message: `${task} needs ${key}` })
    const { stride, seq_len: seqLen = Infinity } = keys
    if (stride !== undefined && stride > seqLen)
      context.addIssue({ code: 'custom', path: ['stride'], message: `expected at most seq_len, ${seqLen}` })
  })
  .meta(described('One measurement.'))
