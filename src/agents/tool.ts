// What a tool is: a row of the table that the editor's agent and the MCP server share.
import type { TryProgress } from '../protocol/tryOut.ts'
import type { PreparedRun } from './prepareRun.ts'
import type { Roots } from './roots.ts'
import * as z from 'zod'

/** What computing tools need of the process that they run in. */
export interface ToolHost {
  /** Continues the same prompts greedily with several checkpoints. */
  tryOut(request: TryRequest, onProgress: (progress: TryProgress) => void, signal?: AbortSignal): Promise<unknown>
  /** Runs a recipe and resolves to the run's folder. A string says why runs are not allowed. */
  readonly run: ((run: PreparedRun, around: Around) => Promise<string>) | string
}

export interface TryRequest {
  readonly models: readonly string[]
  readonly prompts: readonly string[]
  readonly maxTokens: number
}

export interface Around {
  readonly signal?: AbortSignal
  /** A line of progress. */
  readonly say: (line: string) => void
}

export interface ToolContext extends Around {
  readonly roots: Roots
  readonly host: ToolHost
}

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  /** Without the prefix that VS Code requires. */
  readonly name: string
  /** For people: what a list shows. */
  readonly title: string
  /** For people: what it does, in one sentence. */
  readonly about: string
  /** For the model, beside `about`: when to use it, and when not. */
  readonly when: string
  /** A codicon. */
  readonly icon: string
  readonly input: Input
  /** Whether the tool computes or writes, which is not allowed in an untrusted workspace. */
  readonly needsTrust: boolean
  /** The result as text that a person can read. It should have no path outside the roots; `callTool` removes those that it has. */
  run(input: z.output<Input>, context: ToolContext): Promise<string>
}

export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool {
  return { ...tool, run: (input, context) => tool.run(input as z.output<Input>, context) }
}

// Inputs that several tools have.

export const checkpoint = z
  .string()
  .min(1)
  .describe('A model folder, an index, or a file of weights (*.safetensors, *.gguf, *.bin); relative to the workspace.')

export const fromLine = z
  .int()
  .min(1)
  .optional()
  .describe('A result has at most 4 kB. Its last line names the from_line that returns the rest.')

export const recipePath = z.string().min(1).describe('Path of the recipe, NAME.prune.yaml.')
