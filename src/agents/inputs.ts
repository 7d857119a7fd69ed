// Inputs that several tools have.
import * as z from 'zod'

export const checkpoint = z
  .string()
  .min(1)
  .describe('A model folder, an index, or a file of weights (*.safetensors, *.gguf, *.bin); relative to the workspace.')

export const fromLine = z
  .int()
  .min(1)
  .optional()
  .describe('A result has at most 4 kB. Its last line names the from_line that returns the rest.')

export const recipePath = z.string().min(1).describe('Path of the recipe, NAME.prune.yaml.')
