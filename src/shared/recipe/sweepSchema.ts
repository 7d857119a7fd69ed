// `sweep`: what varies between the runs of a recipe that stands for many (design 4.5).
import { z } from 'zod'
import { about } from './aboutKey.ts'

const cases = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(200).meta(about('Of the run, and the suffix of its `save.to`.')),
      set: z
        .record(z.string().min(1), z.unknown())
        .meta(about('Paths of settings and their values in this run.', { examples: [{ 'prune.0.method': 'wanda' }] })),
    }),
  )
  .min(1)
  .meta(about('The runs one by one, in place of combinations.'))

export const sweepSchema = z
  .object({ cases: cases.optional() })
  .catchall(z.array(z.unknown()).min(1))
  .meta(
    about(
      'Paths of settings and the values to try: one run for each combination, the last path varies fastest. Or `cases`, which names the runs one by one. `sparsescope sweep run` runs them.',
      {
        examples: [
          { 'prune.0.sparsity': [0.4, 0.5, 0.6] },
          { cases: [{ name: 'wanda', set: { 'prune.0.method': 'wanda' } }] },
        ],
      },
    ),
  )

export type Sweep = z.infer<typeof sweepSchema>

/** Keys of `sweep` that are no paths of settings. */
export const sweepWords: readonly string[] = ['cases']
