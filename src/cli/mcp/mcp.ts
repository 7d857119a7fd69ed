// `sparsescope mcp`: the agent tools of the editor as a Model Context Protocol server on stdin and stdout.
import { collect, memoryOption, precisionOption } from '../options.ts'
import { command, type Outcome, runs } from '../command.ts'
import type { McpOptions } from './server.ts'

export const mcpCommand = command('mcp', 'serve tools for agents over stdin and stdout (Model Context Protocol)', [
  'mcp',
  'mcp --root ../models --root ../recipes --allow-run',
])
  .option(
    '--root <folder>',
    'a folder that the tools may read (default: the current one); may be repeated',
    collect,
    [],
  )
  .option('--allow-run', 'let run_recipe run recipes, which write new models below the roots')
  .addOption(precisionOption("the recipe's"))
  .addOption(memoryOption())
  .action(
    runs(async (context, options: McpOptions): Promise<Outcome> => {
      // Imported here, because no other command needs the protocol.
      const { serveTools } = await import('./server.ts')
      await serveTools(context, options)
      return { json: null }
    }),
  )
