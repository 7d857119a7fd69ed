// Schema of what a retraining minimises, and of the dense model that it compares with.
import * as z from 'zod'
import { about, optional, path } from './aboutKey.ts'
import { lossDefaults, recoverDefaults } from './defaults.ts'

const losses = ['text', 'dense'] as const

export const lossShape = {
  loss: optional(
    z.union([
      z.enum(losses),
      z.strictObject({
        dense: z
          .number()
          .min(0)
          .max(1)
          .meta(about("Share of the dense model's logits in the loss; the rest is cross-entropy.")),
        temperature: optional(z.number().gt(0).max(100), "Both models' logits are divided by it.", {
          default: lossDefaults.temperature,
        }),
      }),
    ]),
    "Retrain only: `text` is the cross-entropy of the next token; `dense` is the divergence from the dense model's logits (arXiv 2310.06927), which costs its forward pass beside each step; `{dense: 0.5}` mixes the two.",
    { default: recoverDefaults.loss, examples: [{ dense: 0.5 }] },
  ),
  dense: optional(
    path,
    'The dense model that `loss` compares with. Default: `model` where this recipe prunes it, else what `sparsescope.json` beside the model names as its source.',
  ),
}
