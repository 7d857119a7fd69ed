// The tools of the editor's agent. The window runs recipes, because its queue survives a reload: here a run is only checked.
import { callTool, type ToolResult } from '../agents/callTool.ts'
import { prepareRun } from '../agents/prepareRun.ts'
import { clean } from '../agents/resultText.ts'
import { Roots } from '../agents/roots.ts'
import { runInput } from '../agents/runTool.ts'
import { EngineError } from '../engine/errors.ts'
import type { ParamsOf } from '../protocol/parameters.ts'
import type { AskedRun } from '../protocol/rpc.ts'
import type { CallContext, Handlers } from './channel.ts'

export async function callAgentTool(
  { name, input, roots: folders, memoryBytes }: ParamsOf<'agentTool'>,
  { signal, progress }: CallContext<'agentTool'>,
  tryOut: Handlers['tryOut'],
): Promise<ToolResult> {
  const roots = await Roots.open(folders)
  return callTool(name, input, {
    ...{ roots, signal, say: progress },
    host: {
      tryOut: ({ models, prompts, maxTokens }, onProgress) =>
        tryOut(
          { models: [...models], prompts: [...prompts], maxTokens, memoryBytes },
          { signal, progress: onProgress },
        ),
      run: 'the window runs recipes after the user has agreed',
    },
  })
}

/** @throws EngineError for a recipe that cannot run, or that names a place outside the roots. */
export async function prepareAgentRun(params: ParamsOf<'prepareRun'>): Promise<AskedRun> {
  const roots = await Roots.open(params.roots)
  const input = runInput.safeParse(params.input)
  if (!input.success) throw new EngineError('usage', `run_recipe: ${input.error.issues[0].message}`)
  try {
    const { recipe, settings, summary } = await prepareRun(input.data, roots, params.write)
    return { recipe, set: settings, summary: clean(summary, roots) }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new EngineError(error.code, clean(error.message, roots), { cause: error })
  }
}
