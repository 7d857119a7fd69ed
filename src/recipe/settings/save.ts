// Settings of the result, and how pruned weights are stored: a row a format.
import * as z from 'zod'
import { ggufTypeNames } from '../../catalog/formats/gguf/ggmlTypes.ts'
import { parseByteSize } from '../../formatting/numbers.ts'
import type { RecoverMode } from '../modes.ts'
import { idle, path, rowsOf } from './row.ts'

export const saveFormats = {
  dense: {
    about: 'exact zeros in ordinary safetensors, the mask beside them',
    result: 'dense safetensors with exact zeros, as large as before; the mask is beside them.',
  },
  gguf: {
    about:
      'as dense, and the same model as one file for llama.cpp and Ollama, beside the folder and with its name plus `.gguf`; models that llama.cpp does not support are refused before the run',
    result:
      'dense safetensors with exact zeros, the mask beside them; and the same model in one file beside the folder.',
  },
} as const

export type SaveFormat = keyof typeof saveFormats

const saveFormatNames = Object.keys(saveFormats) as SaveFormat[]
export const defaultSaveFormat: SaveFormat = 'dense'

/** The format, and the rest of the recipe. */
export interface Known {
  readonly format: SaveFormat
  /** Whether the recipe prunes. */
  readonly prunes: boolean
  /** Its recoveries. */
  readonly recoveries: readonly { readonly mode: RecoverMode }[]
}

const row = rowsOf<Known>()

export const saveRows = {
  to: row({
    type: path,
    about: 'Folder to write, relative to the recipe; must not exist.',
    required: true,
    option: { flags: '--out <folder>', about: 'folder to write; it must not exist', mandatory: true },
    field: { label: 'Folder' },
    remark: 'never overwrites: it must not exist yet',
  }),

  pruned: row({
    type: path,
    about:
      'Another folder, for the model as pruned, before recovery; must not exist. With recovery block by block this takes one more pruning pass, shared with `at: pruned`.',
    appliesWhen({ prunes, recoveries }) {
      if (!prunes) return idle('without prune', '/prune')
      return recoveries.length > 0 || idle('without recover, as save.to is the pruned model then', '/recover')
    },
    field: 'save.to',
    remark: 'the model before recovery, to be compared with',
  }),

  max_shard: row({
    type: z
      .string()
      .refine((text) => (parseByteSize(text) ?? 0) > 0, { error: 'expected a size such as 5GB or 500MB' })
      .meta({ pattern: '^\\s*\\d+(\\.\\d+)?\\s*([KMGTkmgt][iI]?[bB]?|[bB])?\\s*$' }),
    about: 'Largest file.',
    default: '5GB',
    examples: ['5GB', '500MB'],
    option: { flags: '--max-shard <size>', about: 'largest weight file to write, such as 5GB' },
  }),

  format: row({
    type: z.enum(saveFormatNames),
    about: `${saveFormatNames.map((name) => `${name}: ${saveFormats[name].about}`).join('. ')}.`,
    default: defaultSaveFormat,
    option: { flags: '--format <format>', about: 'how to store the pruned weights', default: defaultSaveFormat },
  }),

  type: row({
    type: z.enum(ggufTypeNames),
    about:
      'Type of the matrices in the GGUF file; default: that of the checkpoint. q8_0 rounds to 8 bits in blocks of 32 with a scale each; a zero stays zero.',
    appliesWhen: ({ format }) => format === 'gguf' || idle(`with format ${format}, only with gguf`, 'format'),
  }),

  card: row({
    type: z.boolean(),
    about:
      'Write a model card for the Hub: a `README.md` with metadata, results and their protocol, recipe, and how to load it. A card of the source model is not copied then.',
    default: false,
  }),
}
