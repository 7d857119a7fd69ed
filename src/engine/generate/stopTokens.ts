// Tokens that end a text: eos_token_id of generation_config.json, else of config.json; one id or a list of them.
import { join } from 'node:path'
import { readSmallFile } from '../checkpoint/smallFile.ts'
import { textModelOf } from '../../catalog/families/textModel.ts'
import { EngineError } from '../errors.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'

const maxBytes = 2 ** 20

/** @throws EngineError 'bad-config' when generation_config.json is there, but no JSON. */
export async function stopTokens(folder: string, config: unknown): Promise<ReadonlySet<number>> {
  const path = join(folder, 'generation_config.json')
  const text = await readSmallFile(path, maxBytes, 'bad-config').catch((error: unknown) => {
    if (error instanceof EngineError && error.code === 'not-found') return null
    throw error
  })
  return new Set(idsOf(text === null ? null : parsed(text, path)) ?? idsOf(textPart(config)) ?? [])
}

/** The settings of the text model, which may be a part of the whole; null where the value is no configuration. */
function textPart(config: unknown): unknown {
  try {
    return textModelOf(config).config
  } catch {
    return null
  }
}

function idsOf(settings: unknown): number[] | null {
  const ids: unknown[] = [fieldsOf(settings).eos_token_id].flat()
  const whole = ids.filter((id): id is number => Number.isInteger(id))
  return whole.length > 0 ? whole : null
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new EngineError('bad-config', `${path} is no JSON; get it again or remove it`, { cause: error })
  }
}
