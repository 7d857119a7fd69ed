// The MCP server: tools, resources and prompts over stdin and stdout, until stdin ends.
import { once } from 'node:events'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import {
  CallToolRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import * as z from 'zod'
import { callTool } from '../../agents/callTool.ts'
import { clean, partOf } from '../../agents/resultText.ts'
import { Roots } from '../../agents/roots.ts'
import type { Around, ToolHost } from '../../agents/tool.ts'
import { tools } from '../../agents/tools.ts'
import { EngineError } from '../../engine/errors.ts'
import { openBackend } from '../../engine/compute/open.ts'
import { writeSideBySide } from '../../engine/generate/sideBySide.ts'
import { runRecipe } from '../../engine/run/runRecipe.ts'
import { version } from '../../system/version.ts'
import { closing, type CommonOptions, type Context } from '../command.ts'
import { askedMemory, memoryBytes, type PrecisionOptions } from '../options.ts'
import { runOptions } from '../run.ts'
import { eventLine } from '../../runs/series/eventLine.ts'
import type { RunEvent } from '../../runs/series/events.ts'
import { basename } from 'node:path'
import { findRuns, resultsOf } from '../../agents/resultsTool.ts'
import { maxRecipeBytes, readSmallFile } from '../../engine/checkpoint/regularFile.ts'

export interface McpOptions extends CommonOptions, PrecisionOptions {
  root: string[]
  allowRun?: boolean
  memory?: string
}

/** Serves until the client closes stdin or the signal fires. @throws EngineError for roots that are not there. */
export async function serveTools(context: Context, options: McpOptions): Promise<void> {
  const roots = await Roots.open(options.root.length > 0 ? options.root : [process.cwd()])
  const { host, idle } = hostOf(context, options)
  const leaving = new AbortController()
  const server = new Server(
    { name: 'sparsescope', version },
    {
      capabilities: { tools: {}, resources: {}, prompts: {} },
      instructions:
        'Prune language models and see where they are sparse. Inspect first, let suggest_recipe write the recipe, explain it, and run it only when a person wants that.',
      // The server never sends forms, whose answers the validator would check.
      jsonSchemaValidator: { getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'not used' }) },
    },
  )
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ name, title, about, when, input, needsTrust }) => ({
      ...{ name, title, description: `${about} ${when}` },
      inputSchema: z.toJSONSchema(input, { io: 'input' }) as { type: 'object' },
      annotations: { readOnlyHint: !needsTrust, destructiveHint: false, openWorldHint: false },
    })),
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, sendNotification, _meta }) => {
    let progress = 0
    const say = (line: string) => {
      const token = _meta?.progressToken
      if (token === undefined) return
      const sent = { progressToken: token, progress: ++progress, message: clean(line, roots) }
      void sendNotification({ method: 'notifications/progress', params: sent }).catch(() => undefined)
    }
    const around = { signal: AbortSignal.any([signal, context.signal, leaving.signal]), say: seldom(say) }
    const { text, isError } = await callTool(params.name, params.arguments, { roots, host, ...around })
    return { content: [{ type: 'text', text }], isError }
  })
  server.setRequestHandler(ListResourcesRequestSchema, async () => ({ resources: await listResources(roots) }))
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }) => ({
    contents: [{ uri, ...(await readResource(uri, roots, context.signal)) }],
  }))
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts }))
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => promptOf(params.name, params.arguments ?? {}))
  await server.connect(new StdioServerTransport())
  // The transport does not notice that the client has disconnected.
  await Promise.race([once(process.stdin, 'close'), once(process.stdin, 'end'), once(context.signal, 'abort')])
  // A run ends as if it was cancelled: it says how to continue, and releases its lock.
  leaving.abort()
  await idle()
  await server.close()
}

/** Most progress lines per second that a client gets; the rest are dropped. */
const perSecond = 4

function seldom(say: (line: string) => void): (line: string) => void {
  let last = -Infinity
  return (line) => {
    if (performance.now() - last < 1000 / perSecond) return
    last = performance.now()
    say(line)
  }
}

/** Computes in this process, one tool at a time, because each may use all the memory that is allowed. Only the protocol uses stdout. */
function hostOf(context: Context, options: McpOptions): { host: ToolHost; idle: () => Promise<unknown> } {
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }
  const host: ToolHost = {
    tryOut: (request, onProgress, signal) =>
      inTurn(async () => {
        await using backend = closing(await openBackend(options))
        return await writeSideBySide(backend.value, {
          ...request,
          memoryBytes: memoryBytes(options.memory),
          signal,
          onProgress,
        })
      }),
    run: options.allowRun
      ? ({ recipe, settings }, around) => inTurn(() => runHere(context, options, { recipe, settings }, around))
      : 'this server may not run recipes: start it with --allow-run, or run `sparsescope run` yourself',
  }
  return { host, idle: () => last }
}

/** Resolves to the run's folder. */
async function runHere(
  context: Context,
  options: McpOptions,
  { recipe, settings }: { readonly recipe: string; readonly settings: readonly string[] },
  { signal = context.signal, say }: Around,
): Promise<string> {
  let folder: string | null = null
  const told = { ...context, signal, say, progress: ({ what }: Parameters<Context['progress']>[0]) => say(what) }
  const precision = options.precision ? [`precision=${options.precision}`] : []
  const show = (_: Context, event: RunEvent) => {
    const line = event.type === 'end' ? null : eventLine(event)
    if (line !== null) say(line)
  }
  await runRecipe({
    ...runOptions(told, options, show),
    recipe,
    settings: [...settings, ...precision],
    memoryBytes: askedMemory(options.memory),
    onFolder: (path) => (folder = path),
  })
  if (folder === null) throw new EngineError('internal', 'the run has no folder')
  return folder
}

/** Prompts that a client offers to people. */
const promptRows = [
  {
    name: 'prune_to_size',
    description: 'Prune this model to fit a size',
    arguments: [
      { name: 'model', description: 'The model folder', required: true },
      { name: 'size', description: 'Such as 8GB', required: true },
    ],
    text: (model: string, size: string) =>
      `Prune the model ${model} so that its kept weights fit ${size}. Inspect it, call suggest_recipe with this size, explain the recipe, and report its sparsity, time, memory and the expected cost from the measurements. Run it only when I agree. Afterwards read the results, and say that the saved folder contains exact zeros and is as large as before.`,
  },
  {
    name: 'lost_zeros',
    description: 'Why did this checkpoint lose its zeros?',
    arguments: [
      { name: 'before', description: 'The sparse checkpoint', required: true },
      { name: 'after', description: 'The one that lost its zeros', required: true },
    ],
    text: (before: string, after: string) =>
      `Find out why ${after} lost zeros that ${before} has. Compare the two, inspect both with statistics, and say which blocks and modules were filled, what causes that (a merged LoRA, fine-tuning without a mask, another dtype), and how to get the zeros back.`,
  },
]

const prompts = promptRows.map(({ text: _, ...row }) => row)

/** @throws EngineError 'usage' for an unknown prompt or a missing argument. */
function promptOf(name: string, given: Readonly<Record<string, string>>) {
  const row = promptRows.find((one) => one.name === name)
  if (!row)
    throw new EngineError(
      'usage',
      `there is no prompt ${name}; there are ${promptRows.map((one) => one.name).join(', ')}`,
    )
  const [first, second] = row.arguments.map((argument) => {
    const value = given[argument.name]
    if (!value) throw new EngineError('usage', `${name} needs ${argument.name}`)
    return value
  })
  const content = { type: 'text' as const, text: row.text(first, second) }
  return { description: row.description, messages: [{ role: 'user' as const, content }] }
}

// Runs and recipes below the roots as resources: `sparsescope://runs/PATH` and `sparsescope://recipes/PATH`, PATH as results show it.

const scheme = 'sparsescope://'
/** Most runs, and most recipes, that are listed; runs are listed newest first. */
const most = 100
const isRecipe = (path: string) => /\.prune\.ya?ml$/.test(path)

async function listResources(roots: Roots) {
  const runs = (await findRuns(roots)).slice(0, most)
  const recipes = (await roots.find((path, isFolder) => !isFolder && isRecipe(path))).slice(0, most)
  const of = (kind: 'runs' | 'recipes', paths: readonly string[], mimeType: string) =>
    paths.map((path) => {
      return { uri: `${scheme}${kind}/${encodeURI(roots.shown(path))}`, name: basename(path), mimeType }
    })
  return [...of('runs', runs, 'text/plain'), ...of('recipes', recipes, 'application/yaml')]
}

/** @throws EngineError 'usage' or 'not-found' when it is neither a run nor a recipe below the roots. */
async function readResource(uri: string, roots: Roots, signal: AbortSignal) {
  const [, kind, path] = /^sparsescope:\/\/(runs|recipes)\/(.+)$/.exec(uri) ?? []
  if (!kind) throw new EngineError('usage', `${uri} is neither ${scheme}runs/PATH nor ${scheme}recipes/PATH`)
  const place = await roots.place(decodeURI(path))
  if (kind === 'runs') {
    if (!(await findRuns(roots)).includes(place)) throw new EngineError('not-found', `${uri}: there is no such run`)
    return { mimeType: 'text/plain', text: partOf(clean(await resultsOf([place], roots, signal), roots), 1, false) }
  }
  if (!isRecipe(place))
    throw new EngineError('usage', `${uri} is not a recipe: the name of a recipe ends in .prune.yaml`)
  return { mimeType: 'application/yaml', text: clean(await readSmallFile(place, maxRecipeBytes, 'bad-recipe'), roots) }
}
