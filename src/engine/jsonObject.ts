// JSON files that must hold an object.
import { isRecord } from '../catalog/formats/json.ts'
import { EngineError, messageOf } from './errors.ts'

/** The object of a JSON text. @throws EngineError 'bad-config' for anything else. */
export function jsonObject(text: string, path: string, remedy = 'get it again'): Record<string, unknown> {
  let reason = 'not an object'
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch (error) {
    reason = messageOf(error)
  }
  throw new EngineError('bad-config', `${path} is not a JSON object (${reason}); ${remedy}`)
}
