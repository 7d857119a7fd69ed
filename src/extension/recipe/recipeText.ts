// The recipe that the Prune… wizard writes: complete, commented, ready to be changed and run again.
import { needsData, type MethodName } from '../../shared/methods/methods.ts'

export type Recovery = 'none' | 'reconstruct' | 'retrain'

export interface WizardChoices {
  /** All paths as they stand in the recipe: relative to it. */
  model: string
  /** null: the model is pruned already, and only recovered. */
  method: MethodName | null
  /** "unstructured" or "2:4". */
  pattern: string
  sparsity: number
  recovery: Recovery
  train: string[]
  /** Calibration text, and training text when the whole model is retrained; null when nothing needs data. */
  data: string | null
  /** Held-out text to measure perplexity on; null: none was found. */
  evaluateOn: string | null
  /** Key of the text column or id tensor; null: the default. */
  field: string | null
  seqLen: number
  samples: number
  steps: number
  saveTo: string
}

/** The recipe looks at text: to calibrate on, or to train on. */
export function looksAtText(method: MethodName | null, recovery: Recovery): boolean {
  return (method !== null && needsData(method)) || recovery !== 'none'
}

/** YAML 1.2. Every string is quoted as JSON, which is YAML. */
export function recipeText(choices: WizardChoices): string {
  const lines = [
    '# What to prune, how to recover it, where to save it. Hover a key to see what it means.',
    'version: 1',
    `model: ${JSON.stringify(choices.model)}${choices.method === null ? ' # the pruned input' : ''}`,
    ...pruneLines(choices),
    ...(calibrates(choices) ? dataLines(choices) : []),
    'seed: 0',
    ...recoverLines(choices),
    ...evaluateLines(choices),
    'save:',
    `  to: ${JSON.stringify(choices.saveTo)} # never overwrites: it must not exist yet`,
  ]
  return `${lines.join('\n')}\n`
}

function pruneLines({ method, pattern, sparsity }: WizardChoices): string[] {
  if (method === null) return ['# Nothing is pruned again: the zeros of the pruned input stay as they are.']
  const lines = ['prune:', `  - method: ${method}`]
  if (pattern === 'unstructured') lines.push(`    sparsity: ${sparsity} # share of the weights that go`)
  else lines.push(`    pattern: ${JSON.stringify(pattern)} # the smallest of every group along the inputs go`)
  lines.push('    targets: [Linear] # every matrix inside the blocks')
  return lines
}

function calibrates({ method, recovery, data }: WizardChoices): boolean {
  return data !== null && ((method !== null && needsData(method)) || recovery === 'reconstruct')
}

function dataLines({ data, field, samples, seqLen }: WizardChoices): string[] {
  const lines = ['calibration:', `  data: ${JSON.stringify(data)}`]
  if (field !== null) lines.push(`  field: ${JSON.stringify(field)}`)
  return [...lines, `  samples: ${samples}`, `  seq_len: ${seqLen}`]
}

function recoverLines(choices: WizardChoices): string[] {
  const { recovery, train, steps, data, field, samples, seqLen } = choices
  if (recovery === 'none') return []
  const lines = [
    'recover:',
    recovery === 'reconstruct'
      ? '  mode: reconstruct # block by block, towards what the dense block gives'
      : '  mode: retrain # the whole model, on the next token',
    `  train: [${train.join(', ')}]`,
    `  steps: ${steps}${recovery === 'reconstruct' ? ' # of each block' : ''}`,
  ]
  if (recovery === 'retrain') {
    lines.push(`  data: ${JSON.stringify(data)}`)
    if (field !== null) lines.push(`  field: ${JSON.stringify(field)}`)
    lines.push(`  samples: ${samples}`, `  seq_len: ${seqLen}`)
  }
  return lines
}

function evaluateLines({ evaluateOn, seqLen, recovery, method }: WizardChoices): string[] {
  if (evaluateOn === null) return ['# evaluate: name a held-out text here to see perplexity before and after.']
  const at = recovery === 'none' ? '[dense, pruned]' : '[dense, recovered]'
  const heading = method === null ? ['evaluate: # dense: before recovery, which is the pruned input'] : ['evaluate:']
  return [...heading, `  - {task: perplexity, data: ${JSON.stringify(evaluateOn)}, seq_len: ${seqLen}, at: ${at}}`]
}
