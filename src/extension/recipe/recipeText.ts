// The recipe that the Prune… wizard writes: complete, commented, ready to be changed and run again.

export type Method = 'magnitude' | 'wanda' | 'sparsegpt' | 'random'
export type Recovery = 'none' | 'reconstruct' | 'retrain'

export interface WizardChoices {
  /** All paths as they stand in the recipe: relative to it. */
  model: string
  method: Method
  /** "unstructured" or "2:4". */
  pattern: string
  sparsity: number
  recovery: Recovery
  train: string[]
  /** Calibration text, and training text when the whole model is retrained; null when nothing needs data. */
  data: string | null
  /** Key of the text column or id tensor; null: the default. */
  field: string | null
  seqLen: number
  samples: number
  steps: number
  saveTo: string
}

export function needsData(method: Method, recovery: Recovery): boolean {
  return method === 'wanda' || method === 'sparsegpt' || recovery !== 'none'
}

/** YAML 1.2. Every string is quoted as JSON, which is YAML. */
export function recipeText(choices: WizardChoices): string {
  const lines = [
    '# What to prune, how to recover it, where to save it. Hover a key to see what it means.',
    'version: 1',
    `model: ${JSON.stringify(choices.model)}`,
    ...pruneLines(choices),
    ...(choices.data === null ? [] : dataLines('calibration', choices, '')),
    'seed: 0',
    ...recoverLines(choices),
    ...evaluateLines(choices),
    'save:',
    `  to: ${JSON.stringify(choices.saveTo)} # never overwrites: it must not exist yet`,
  ]
  return `${lines.join('\n')}\n`
}

function pruneLines({ method, pattern, sparsity }: WizardChoices): string[] {
  const lines = ['prune:', `  - method: ${method}`]
  if (pattern === 'unstructured') lines.push(`    sparsity: ${sparsity} # share of the weights that go`)
  else lines.push(`    pattern: ${JSON.stringify(pattern)} # the smallest of every group along the inputs go`)
  lines.push('    targets: [Linear] # every matrix inside the blocks')
  return lines
}

function dataLines(key: string, { data, field, samples, seqLen }: WizardChoices, indent: string): string[] {
  const lines = [`${indent}${key}:`, `${indent}  data: ${JSON.stringify(data)}`]
  if (field !== null) lines.push(`${indent}  field: ${JSON.stringify(field)}`)
  return [...lines, `${indent}  samples: ${samples}`, `${indent}  seq_len: ${seqLen}`]
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

function evaluateLines({ data, field, seqLen }: WizardChoices): string[] {
  if (data === null) return []
  const entry = [`task: perplexity`, `data: ${JSON.stringify(data)}`]
  if (field !== null) entry.push(`field: ${JSON.stringify(field)}`)
  return [
    'evaluate:',
    '  # On the calibration text, to see that recovery works; for a number to report, name a held-out text.',
    `  - {${entry.join(', ')}, seq_len: ${seqLen}, at: [dense, recovered]}`,
  ]
}
