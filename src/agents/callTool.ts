// Calls a tool: checks its input, and cleans and cuts its result.
import { explained, EngineError } from '../engine/errors.ts'
import { messageOf } from '../errors.ts'
import { clean, partOf } from './resultText.ts'
import type { ToolContext } from './tool.ts'
import { tools } from './tools.ts'

export interface ToolResult {
  readonly text: string
  readonly isError: boolean
}

/** The last long result, kept so that its other parts need no second computation. */
let kept: { readonly key: string; readonly text: string } | null = null

/** Never throws: an error becomes the result, as a sentence that says how to fix it. */
export async function callTool(name: string, given: unknown, context: ToolContext): Promise<ToolResult> {
  const { roots } = context
  const answer = (text: string, isError: boolean, first = 1, canGoOn = false): ToolResult => {
    return { text: partOf(clean(text, roots), first, canGoOn), isError }
  }
  const tool = tools.find((one) => one.name === name)
  if (!tool) return answer(`there is no tool ${name}; there are ${tools.map((one) => one.name).join(', ')}`, true)
  const input = tool.input.safeParse(given ?? {})
  if (!input.success) {
    const [{ path, message }] = input.error.issues
    return answer(`${[name, ...path].join('.')}: ${message}`, true)
  }
  const { from_line: from, ...asked } = input.data
  const first = typeof from === 'number' ? from : 1
  const key = JSON.stringify([name, asked, roots.folders])
  try {
    const text = first > 1 && kept?.key === key ? kept.text : await tool.run(input.data, context)
    const canGoOn = 'from_line' in tool.input.shape
    if (canGoOn) kept = { key, text }
    return answer(text, false, first, canGoOn)
  } catch (error) {
    const known = explained(error)
    const isOurs = !(known instanceof EngineError) || known.code === 'internal'
    return answer(isOurs ? `internal error, please report it: ${messageOf(known)}` : known.message, true)
  }
}
