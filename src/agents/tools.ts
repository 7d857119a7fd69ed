// The tools of agents, in the order in which they are used.
import { compareTool } from './compareTool.ts'
import { explainTool } from './explainTool.ts'
import { generateTool } from './generateTool.ts'
import { inspectTool } from './inspectTool.ts'
import { resultsTool } from './resultsTool.ts'
import { runTool } from './runTool.ts'
import { suggestTool } from './suggestTool.ts'
import type { Tool } from './tool.ts'

export const tools: readonly Tool[] = [
  inspectTool,
  compareTool,
  suggestTool,
  explainTool,
  runTool,
  resultsTool,
  generateTool,
]
