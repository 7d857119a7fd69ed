// config.json beside the weights.
import { isGguf } from '../../catalog/formats/checkpointFormats.ts'
import { parseJson, toPlain, isRecord } from '../../catalog/formats/json.ts'
import { EngineError } from '../errors.ts'
import { errnoOf } from '../../system/diskErrors.ts'
import { inFile } from './readHeaders.ts'
import type { WeightFiles } from './fileHeader.ts'

export const maxConfigBytes = 16 * 2 ** 20

/** config.json as plain objects; null when it is missing. @throws EngineError 'bad-checkpoint' when malformed. */
export async function readConfig(folder: string, files: Pick<WeightFiles, 'readText'>): Promise<unknown> {
  const path = `${folder}/config.json`
  try {
    const text = await files.readText(path, maxConfigBytes)
    return await inFile(path, () => toPlain(parseJson(text)))
  } catch (error) {
    if (error instanceof EngineError && error.code === 'not-found' && errnoOf(error.cause) === 'ENOENT') return null
    throw error
  }
}

/** config.json of a located checkpoint; null for GGUF, which contains its own configuration and uses other tensor names. */
export async function configOf(
  { folder, entry }: { folder: string; entry: string },
  files: Pick<WeightFiles, 'readText'>,
): Promise<unknown> {
  return isGguf(entry) ? null : readConfig(folder, files)
}

/** The config as an object, for code that needs it. @throws EngineError 'bad-checkpoint'. */
export function requireConfig(checkpoint: { folder: string; config: unknown }): Record<string, unknown> {
  const { folder, config } = checkpoint
  if (config === null) {
    throw new EngineError(
      'bad-checkpoint',
      `${folder} has no config.json; copy the one of the model these weights are from`,
    )
  }
  if (!isRecord(config)) {
    throw new EngineError('bad-checkpoint', `${folder}/config.json is not a JSON object; get it again`)
  }
  return config
}
