// Asks a person on the terminal. Questions go to stderr: stdout may be a file.
import { createInterface } from 'node:readline/promises'
import { EngineError } from '../../engine/errors.ts'

/** Only y and yes are a yes. @throws EngineError 'cancelled' on Ctrl-C. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  // The terminal stays as it is, so that Ctrl-C is a signal.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  try {
    return /^y(es)?$/i.test((await lines.question(question, { signal })).trim())
  } catch (error) {
    throw new EngineError('cancelled', 'nothing was sent', { cause: error })
  } finally {
    lines.close()
  }
}
