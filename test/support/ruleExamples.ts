// The bad example of each rule as a whole recipe, and surroundings in which it is bad: as facts, and on a disk.
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LintFacts } from '../../src/recipe/facts.ts'
import type { Rule } from '../../src/lint/rule.ts'
import { factsOf, gpt2Config, gptNeoxConfig, llamaConfig, modelOf, optConfig, tensorsOf } from './recipeFacts.ts'
import { fileBytes, safetensors } from './safetensors.ts'

interface ExampleModel {
  readonly config: unknown
  readonly more?: Parameters<typeof modelOf>[1]
}

const usual: ExampleModel = { config: optConfig, more: { masked: true } }

/** Where the usual model will not do, by the rule's id. */
const special: Readonly<Record<string, ExampleModel>> = {
  T8: { config: llamaConfig, more: { masked: true } },
  T12: { config: gptNeoxConfig, more: { masked: true } },
  T13: { config: gpt2Config },
  N10: { config: optConfig, more: { sparsities: new Map([['model.decoder.layers.0.fc1', 0.2]]) } },
  R2: { config: llamaConfig, more: { masked: true } },
  R9: { config: optConfig },
  R10: {
    config: optConfig,
    more: {
      tensors: new Map([...tensorsOf(optConfig), ['model.extra_norm.weight', { dtype: 'F32', shape: [64] }]]),
    },
  },
  C1: { config: null, more: { tensors: new Map() } },
  C2: { config: { model_type: 'bert' }, more: { tensors: new Map() } },
  C3: { config: optConfig, more: { problems: [{ rule: 'damaged-weights', message: 'A shard is missing.' }] } },
  C4: { config: { ...optConfig, ffn_dim: 128 }, more: { tensors: tensorsOf(optConfig) } },
  C5: { config: optConfig, more: { tensors: tensorsOf(optConfig, 'F8_E4M3') } },
  C6: { config: optConfig, more: { tokenizer: { present: false, largestId: null } } },
  C7: { config: optConfig, more: { problems: [{ rule: 'unsafe-weights', message: 'It is a pickle.' }] } },
  C8: { config: { ...optConfig, sparsity_config: {} }, more: { tensors: tensorsOf(optConfig) } },
}

export const usualFacts = factsOf(modelOf(usual.config, usual.more))

export function exampleFacts({ alias }: Pick<Rule, 'alias'>): LintFacts {
  const { config, more } = special[alias] ?? usual
  return factsOf(modelOf(config, more))
}

/** The example with the keys that every recipe has. */
export function exampleText(rule: Rule, example: string): string {
  const head = /^version:/m.test(example) ? '' : 'version: 1\n'
  return `${head}${/^model:/m.test(example) || rule.alias === 'S8' ? '' : 'model: m\n'}${example}\n`
}

/** The files of a rule's surroundings, all below `folder`; weights are zeros that take no room. */
export function writeSurroundings({ alias }: Pick<Rule, 'alias'>, folder: string): void {
  const { config, more = {} } = special[alias] ?? usual
  mkdirSync(join(folder, 'm'), { recursive: true })
  const write = (name: string, data: string | Uint8Array) => writeFileSync(join(folder, name), data)
  const line = (text: string) => `${JSON.stringify({ text, title: 'a' })}\n`
  for (const name of ['a.jsonl', 'b.jsonl']) write(name, line('word '.repeat(10_000)) + line('a').repeat(999))
  write('short.jsonl', line('word '.repeat(50)).repeat(1000))
  const ids = new Uint8Array(Int32Array.from({ length: 64 * 16 }, (_, i) => i % 500).buffer)
  write('ids.safetensors', safetensors({ ids: { dtype: 'I32', shape: [64, 16], data: ids } }))
  if (config !== null) write('m/config.json', JSON.stringify(config))
  if (more.tokenizer?.present !== false)
    write('m/tokenizer.json', JSON.stringify({ model: { vocab: { a: 0, b: 511 } } }))
  if (more.masked === true) write('m/sparsescope.mask', 'x')
  const tensors = [...(more.sparsities ?? [])].map(([name, sparsity]) => [`${name}.weight`, { sparsity }])
  if (tensors.length > 0) write('m/sparsescope.json', JSON.stringify({ tensors: Object.fromEntries(tensors) }))
  const problem = more.problems?.[0]?.rule
  if (problem === 'unsafe-weights') write('m/pytorch_model.bin', new Uint8Array(64).fill(1))
  else if (config !== null) writeZeros(join(folder, 'm/model.safetensors'), more.tensors ?? tensorsOf(config))
  if (problem === 'damaged-weights') truncateSync(join(folder, 'm/model.safetensors'), 200)
}

function writeZeros(path: string, tensors: NonNullable<NonNullable<ExampleModel['more']>['tensors']>): void {
  const header: Record<string, unknown> = {}
  let end = 0
  for (const [name, { dtype, shape }] of tensors) {
    const start = end
    end += shape.reduce((a, b) => a * b, dtype === 'F32' ? 4 : 1)
    header[name] = { dtype, shape, data_offsets: [start, end] }
  }
  const head = fileBytes(JSON.stringify(header))
  writeFileSync(path, head)
  truncateSync(path, head.length + end)
}
