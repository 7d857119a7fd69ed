// Prompts that a client offers to people.
import { EngineError } from '../../engine/errors.ts'

const rows = [
  {
    name: 'prune_to_size',
    description: 'Prune this model to fit a size',
    arguments: [
      { name: 'model', description: 'The model folder', required: true },
      { name: 'size', description: 'Such as 8GB', required: true },
    ],
    text: (model: string, size: string) =>
      `Prune the model ${model} so that its kept weights fit ${size}. Inspect it, call suggest_recipe with this size, explain the recipe, and report its sparsity, time, memory and the expected cost from the measurements. Run it only when I agree. Afterwards read the results, and say that the saved folder contains exact zeros and is as large as before.`,
  },
  {
    name: 'lost_zeros',
    description: 'Why did this checkpoint lose its zeros?',
    arguments: [
      { name: 'before', description: 'The sparse checkpoint', required: true },
      { name: 'after', description: 'The one that lost its zeros', required: true },
    ],
    text: (before: string, after: string) =>
      `Find out why ${after} lost zeros that ${before} has. Compare the two, inspect both with statistics, and say which blocks and modules were filled, what causes that (a merged LoRA, fine-tuning without a mask, another dtype), and how to get the zeros back.`,
  },
]

export const prompts = rows.map(({ text: _, ...row }) => row)

/** @throws EngineError 'usage' for an unknown prompt or a missing argument. */
export function promptOf(name: string, given: Readonly<Record<string, string>>) {
  const row = rows.find((one) => one.name === name)
  if (!row)
    throw new EngineError('usage', `there is no prompt ${name}; there are ${rows.map((one) => one.name).join(', ')}`)
  const [first, second] = row.arguments.map((argument) => {
    const value = given[argument.name]
    if (!value) throw new EngineError('usage', `${name} needs ${argument.name}`)
    return value
  })
  const content = { type: 'text' as const, text: row.text(first, second) }
  return { description: row.description, messages: [{ role: 'user' as const, content }] }
}
