// The table of families, by `model_type`.
import { FamilyError } from './familyError.ts'
import type { FamilySpec } from './familySpec.ts'
import { gemma } from './gemma.ts'
import { gpt2 } from './gpt2.ts'
import { gptNeox } from './gptNeox.ts'
import { llama } from './llama.ts'
import { mistral } from './mistral.ts'
import { mixtral } from './mixtral.ts'
import { opt } from './opt.ts'
import { phi } from './phi.ts'
import { phi3 } from './phi3.ts'
import { qwen2 } from './qwen2.ts'
import { qwen3 } from './qwen3.ts'

export const families: readonly FamilySpec[] = [
  opt,
  llama,
  mistral,
  qwen2,
  qwen3,
  gpt2,
  gptNeox,
  phi,
  phi3,
  gemma,
  mixtral,
]

/** The row of a parsed config.json. @throws FamilyError that lists the known families. */
export function familyOf(config: unknown): FamilySpec {
  const known = families.map((family) => family.modelType).join(', ')
  const modelType = isObject(config) ? config['model_type'] : undefined
  if (typeof modelType !== 'string') {
    throw new FamilyError(
      'bad-config',
      `model_type is missing; without it the model's family is unknown (known are ${known})`,
    )
  }
  const family = families.find((row) => row.modelType === modelType)
  if (family) return family
  throw new FamilyError(
    'unsupported',
    `model_type is ${JSON.stringify(modelType)}, a family that is not known here; known are ${known}`,
  )
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
