// Schema of `save`: the folder of a run's result, and its format.
import * as z from 'zod'
import { ggufTypeNames } from '../catalog/formats/gguf/ggmlTypes.ts'
import { parseByteSize } from '../formatting/numbers.ts'
import { about, optional, path } from './aboutKey.ts'
import { saveDefaults } from './defaults.ts'
import { saveFormatNames, saveFormats } from './saveFormats.ts'

export const saveSchema = z
  .strictObject({
    to: path.meta(about('Folder to write, relative to the recipe; must not exist.')),
    pruned: optional(
      path,
      'Another folder, for the model as pruned, before recovery; must not exist. Where recovery goes block by block, it is pruned in a pass of its own, the same that `at: pruned` costs.',
    ),
    max_shard: optional(
      z.string().refine((text) => (parseByteSize(text) ?? 0) > 0, { error: 'expected a size such as 5GB or 500MB' }),
      'Largest file.',
      {
        default: saveDefaults.max_shard,
        examples: ['5GB', '500MB'],
        pattern: '^\\s*\\d+(\\.\\d+)?\\s*([KMGTkmgt]?[iI]?[bB])?\\s*$',
      },
    ),
    format: optional(
      z.enum(saveFormatNames),
      `${saveFormatNames.map((name) => `${name}: ${saveFormats[name].about}`).join('. ')}.`,
      {
        default: saveDefaults.format,
      },
    ),
    type: optional(
      z.enum(ggufTypeNames),
      'Type of the matrices in the GGUF file; default: that of the checkpoint. q8_0 rounds to 8 bits in blocks of 32 with a scale each; a zero stays zero.',
    ),
    card: optional(
      z.boolean(),
      'Write a model card for the Hub: a `README.md` with metadata, results and their protocol, recipe, and how to load it. A card of the source is not copied then.',
      { default: saveDefaults.card },
    ),
  })
  .meta(about('Where the result goes.'))
