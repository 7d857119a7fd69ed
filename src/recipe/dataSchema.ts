// What calibration and training read: one file, or several.
import * as z from 'zod'
import { normalPath } from '../formatting/paths.ts'
import { about, path } from './aboutKey.ts'
import { filesOf, mostFiles, type DataFiles } from './dataFiles.ts'

const several = z
  .array(path)
  .min(1)
  .max(mostFiles)
  .refine((files) => new Set(files.map(normalPath)).size === files.length, 'expected each file once')
  .meta({ uniqueItems: true })

export const mixedData = z
  .union([path, several])
  .meta(
    about(
      'Text (`.txt`, `.jsonl`, `.jsonl.gz`, `.parquet`) or token ids (`.safetensors`), relative to the recipe. Of a list of files each gives as many windows as every other, in turns.',
    ),
  )

/** Every file gives a window at least. */
export function requireEnoughSamples(
  { data, samples }: { data?: DataFiles; samples?: number },
  context: z.RefinementCtx,
): void {
  const files = filesOf(data).length
  if (samples !== undefined && samples < files)
    context.addIssue({
      code: 'custom',
      path: ['samples'],
      message: `expected at least one for each of the ${files} files`,
    })
}
