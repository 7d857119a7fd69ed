// Settings of the calibration set, and of windows of tokens in other parts of a recipe.
import * as z from 'zod'
import { methodsWithData } from '../../catalog/methods/methods.ts'
import { andList } from '../../formatting/lists.ts'
import { normalPath } from '../../formatting/paths.ts'
import { filesOf, mostFiles, type DataFiles } from '../dataFiles.ts'
import { windowDefaults } from '../defaults.ts'
import { count, idle, path, rowsOf, type Applies } from './row.ts'

/** `data` as written. */
export type IdShape = (data: string, field: string | undefined) => readonly number[] | null

/** What the number and the length of windows follow from. */
export interface KnownOfWindows {
  readonly data?: DataFiles
  readonly field?: string
  readonly seq_len: number
  /** The model's; undefined: not known. */
  readonly maxPositions?: number
  /** Shape of the ids in a data file, [windows, length] or [length]; null where there are none. */
  readonly idShape?: IdShape
}

export const windowTexts = {
  data: 'Text (`.txt`, `.jsonl`, `.jsonl.gz`, `.parquet`), conversations (a column of messages in the last three, rendered by the chat template of the model) or token ids (`.safetensors`), relative to the recipe.',
  field:
    'The column of text or of conversations, or the tensor of ids. Default: `text`, else `messages`; or the only integer tensor.',
  lossOn:
    'Whose tokens of conversations count: `assistant`, its answers alone. Default: all tokens. For data with a column of messages.',
  samples: `Number of windows from all files together. Default: ${windowDefaults.samples}; from a file of ids, all of its windows; from several, as many of each as the smallest has.`,
  seqLen: `Tokens in a window. Default: the length of rows of ids; else ${windowDefaults.seq_len}, or the longest position of the model where that is less.`,
}
export const severalTexts = `${windowTexts.data} Each file of a list contributes an equal share of the windows, interleaved.`

const several = z
  .array(path)
  .min(1)
  .max(mostFiles)
  .refine((files) => new Set(files.map(normalPath)).size === files.length, 'expected each file once')
  .meta({ uniqueItems: true })

/** One file, or several. */
export const files = z.union([path, several])
export const windowLength = z.int().min(2).max(1e7)

/** Checks that every file can give at least one window. */
export function requireEnoughSamples(
  { data, samples }: { data?: DataFiles; samples?: number },
  context: z.RefinementCtx,
): void {
  const number = filesOf(data).length
  if (samples !== undefined && samples < number)
    context.addIssue({
      code: 'custom',
      path: ['samples'],
      message: `expected at least one for each of the ${number} files`,
    })
}

/** Text and ids hold no conversations. */
export const hasConversations: Applies<Pick<KnownOfWindows, 'data'>> = ({ data }) =>
  data === undefined ||
  filesOf(data).some((file) => /\.(jsonl|ndjson)(\.gz)?$|\.parquet$/.test(file)) ||
  idle('with a file that has no conversations: give .jsonl or .parquet with a column of messages')

/** Roles whose tokens a loss can be restricted to. */
export const lossOn = z.enum(['assistant'])

/** Plain text has no columns. */
export const hasFields: Applies<Pick<KnownOfWindows, 'data'>> = ({ data }) =>
  data === undefined ||
  !filesOf(data).every((file) => file.endsWith('.txt')) ||
  idle('with a .txt file, which is one text')

function shapesOf({ data, field, idShape }: Partial<KnownOfWindows>): (readonly number[])[] {
  return filesOf(data).flatMap((file) => {
    const shape = idShape?.(file, field) ?? null
    return shape === null ? [] : [shape]
  })
}

/** The default length of windows: rows of ids keep their own length, text is cut. */
export function usualLength(known: Omit<KnownOfWindows, 'seq_len'>): number {
  const widths = shapesOf(known).flatMap((shape) => (shape.length === 2 ? shape[1] : []))
  return widths.length > 0 ? Math.min(...widths) : Math.min(windowDefaults.seq_len, known.maxPositions ?? Infinity)
}

/** The default number of windows: every file of ids gives as many as the smallest one has. A stream is cut into as many as fit. */
export function usualSamples(known: KnownOfWindows): number {
  const shapes = shapesOf(known)
  if (shapes.length === 0) return windowDefaults.samples
  const inFiles = shapes.map((shape) => (shape.length === 2 ? shape[0] : Math.floor(shape[0] / known.seq_len)))
  // An empty file is reported when it is read.
  return Math.max(1, filesOf(known.data).length * Math.min(...inFiles))
}

const row = rowsOf<KnownOfWindows>()

export const calibrationRows = {
  data: row({
    type: files,
    about: severalTexts,
    required: true,
    option: {
      flags: '--calibration <file>',
      about: `.txt, .jsonl(.gz), .parquet, or .safetensors with ids; for ${andList(methodsWithData)}; repeat it for several files, which give equal parts`,
    },
    field: { label: 'Text' },
  }),

  field: row({
    type: z.string().min(1),
    about: windowTexts.field,
    appliesWhen: hasFields,
    option: { flags: '--field <name>', about: 'column of text or of conversations, or tensor of ids' },
  }),

  samples: row({
    type: count,
    about: windowTexts.samples,
    default: usualSamples,
    option: { flags: '--samples <n>', about: 'calibration windows' },
    field: { label: 'Windows' },
  }),

  seq_len: row({
    type: windowLength,
    about: windowTexts.seqLen,
    default: usualLength,
    option: { flags: '--seq-len <n>', about: 'tokens in a window' },
    field: { label: 'Window length', unit: 'tokens' },
  }),
}
