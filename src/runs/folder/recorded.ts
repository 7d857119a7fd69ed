// JSON that a run or a sweep once wrote. It is not trusted: what does not match its schema is refused with a message.
import * as z from 'zod/v4/core'
import { EngineError } from '../../errors.ts'

/** @throws EngineError 'bad-data' that names the file and the first thing that is wrong in it. */
export function parseRecorded<T extends z.$ZodType>(schema: T, json: string, file: string): z.output<T> {
  return checkRecorded(schema, parseJson(json, file), file)
}

/** @throws EngineError 'bad-data' that names the file. */
export function parseJson(json: string, file: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new EngineError('bad-data', `${file} is not valid JSON; start the run anew`, { cause: error })
  }
}

/** Checks like `parseRecorded` a value that has been parsed. */
export function checkRecorded<T extends z.$ZodType>(schema: T, given: unknown, file: string): z.output<T> {
  const result = z.safeParse(schema, given)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue.path.length > 0 ? `${issue.path.map(shown).join('.')}: ` : ''
  throw new EngineError('bad-data', `${file} is not what a run writes: ${where}${issue.message}; start the run anew`)
}

/** Keys come from the file, and go to a terminal. */
function shown(key: PropertyKey): string {
  return String(key)
    .slice(0, 60)
    .replace(/[^\w.-]/g, '?')
}
