// The table of families, by `model_type`.
import { FamilyError } from './familyError.ts'
import type { FamilySpec } from './familySpec.ts'
import { gemma } from './gemma.ts'
import { gemma2 } from './gemma2.ts'
import { gemma3 } from './gemma3.ts'
import { gpt2 } from './gpt2.ts'
import { gptNeox } from './gptNeox.ts'
import { granite } from './granite.ts'
import { llama } from './llama.ts'
import { mistral } from './mistral.ts'
import { mixtral } from './mixtral.ts'
import { olmo } from './olmo.ts'
import { olmo2 } from './olmo2.ts'
import { olmo3 } from './olmo3.ts'
import { olmoe } from './olmoe.ts'
import { opt } from './opt.ts'
import { phi } from './phi.ts'
import { phi3 } from './phi3.ts'
import { qwen2 } from './qwen2.ts'
import { qwen2Moe } from './qwen2Moe.ts'
import { qwen3 } from './qwen3.ts'
import { qwen3Moe } from './qwen3Moe.ts'
import { seedOss } from './seedOss.ts'
import { smollm3 } from './smollm3.ts'
import { stableLm } from './stableLm.ts'
import { starcoder2 } from './starcoder2.ts'
import { isRecord } from '../formats/json.ts'

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
  gemma2,
  gemma3,
  mixtral,
  qwen2Moe,
  qwen3Moe,
  olmo,
  olmo2,
  olmo3,
  olmoe,
  granite,
  smollm3,
  stableLm,
  starcoder2,
  seedOss,
]

/** The row of a parsed config.json. @throws FamilyError that lists the known families. */
export function familyOf(config: unknown): FamilySpec {
  const known = families.map((family) => family.modelType).join(', ')
  const modelType = isRecord(config) ? config['model_type'] : undefined
  if (typeof modelType !== 'string') {
    throw new FamilyError(
      'bad-config',
      `model_type is missing; without it the model's family is unknown (supported are ${known})`,
    )
  }
  const family = families.find((row) => row.modelType === modelType)
  if (family) return family
  throw new FamilyError(
    'unsupported',
    `model_type is ${JSON.stringify(modelType)}, a family that is not supported; supported are ${known}`,
  )
}
