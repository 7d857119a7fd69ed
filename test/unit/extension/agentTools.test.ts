// The tools of the editor's agent and the MCP server that it offers, in a host that is made up.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type * as agentTools from '../../../src/extension/agents/agentTools.ts'
import type { Parts } from '../../../src/extension/commands/targets.ts'
import type { Services } from '../../../src/extension/services.ts'
import { extensionModule } from '../../support/extensionModule.ts'

const packageJSON: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))

interface Registered {
  prepareInvocation(options: { input: object }): Promise<{ confirmationMessages?: { message: { text: string } } }>
  invoke(options: { input: object }, token: object): Promise<{ parts: { value: string }[] }>
}

class MarkdownString {
  text = ''
  appendText(text: string): this {
    this.text += text
    return this
  }
}

function fakeEditor({ isTrusted = true, version = '1.101.0' } = {}) {
  const registered = new Map<string, Registered>()
  const servers: { provider: Record<string, (server?: object) => unknown>; id: string }[] = []
  const nothing = { dispose() {} }
  const vscode = {
    version,
    l10n: { t: (text: string, ...values: string[]) => text.replace(/\{(\d)\}/g, (_, i) => values[Number(i)] ?? '') },
    workspace: {
      isTrusted,
      workspaceFolders: [{ uri: { scheme: 'file', fsPath: '/w' } }, { uri: { scheme: 'vfs', fsPath: '/v' } }],
      onDidChangeWorkspaceFolders: () => nothing,
      onDidGrantWorkspaceTrust: () => nothing,
    },
    window: { showInformationMessage: () => Promise.resolve() },
    Disposable: Object.assign(class {}, { from: () => nothing }),
    EventEmitter: class {},
    MarkdownString,
    LanguageModelTextPart: class {
      constructor(readonly value: string) {}
    },
    LanguageModelToolResult: class {
      constructor(readonly parts: unknown[]) {}
    },
    McpStdioServerDefinition: class {
      constructor(
        readonly label: string,
        public command: string,
        readonly args: string[],
        readonly env: Record<string, string>,
      ) {}
    },
    lm: {
      registerTool: (name: string, tool: Registered) => void registered.set(name, tool),
      registerMcpServerDefinitionProvider: (id: string, provider: (typeof servers)[number]['provider']) =>
        void servers.push({ id, provider }),
    },
  }
  return { vscode, registered, servers }
}

const token = { isCancellationRequested: false, onCancellationRequested: () => undefined }
const asked = { recipe: '/w/a.prune.yaml', set: ['seed=1'], summary: 'Writes ./out.' }

async function register(options: Parameters<typeof fakeEditor>[0] = {}) {
  const editor = fakeEditor(options)
  const calls: [string, Record<string, unknown>][] = []
  const ran: object[] = []
  const call = async (name: string, params: Record<string, unknown>) => {
    calls.push([name, params])
    return name === 'prepareRun'
      ? asked
      : { text: `answer of ${String(params.name)}`, isError: params.name === 'explain_recipe' }
  }
  const run = async (request: object) => {
    ran.push(request)
    return { status: 'done', folder: '/w/.sparsescope/runs/20260101-000000-a', message: null }
  }
  const others = {
    vscode: {
      ...editor.vscode,
      workspace: { ...editor.vscode.workspace, getConfiguration: () => ({ get: () => '' }) },
      commands: { executeCommand: () => undefined },
    },
  }
  const { registerAgentTools } = await extensionModule<typeof agentTools>('agents/agentTools.ts', others)
  const parts = {
    services: { call, context: { extension: { packageJSON } } },
    runner: { run, queue: { waiting: () => [] } },
    runPanels: { show: () => undefined, isVisible: () => true },
  }
  registerAgentTools(parts as unknown as Parts)
  const tool = (name: string) => editor.registered.get(`sparsescope_${name}`) ?? assert.fail(name)
  return { tool, calls, ran, names: [...editor.registered.keys()] }
}

describe('the tools of the editor’s agent', () => {
  it('run in the backend, with the workspace folders on this machine as roots', async () => {
    const { tool, calls, names } = await register()
    assert.equal(names.length, 7)
    const { parts } = await tool('inspect_checkpoint').invoke({ input: { path: 'opt' } }, token)
    assert.deepEqual(
      parts.map(({ value }) => value),
      ['answer of inspect_checkpoint'],
    )
    const params = { name: 'inspect_checkpoint', input: { path: 'opt' }, roots: ['/w'], memoryBytes: null }
    assert.deepEqual(calls, [['agentTool', params]])
  })

  it('pass the message of a failed tool to the agent', async () => {
    const { tool } = await register()
    await assert.rejects(tool('explain_recipe').invoke({ input: {} }, token), /answer of explain_recipe/)
  })

  it('ask a person before a run, show what it writes, and write nothing before that', async () => {
    const { tool, calls, ran } = await register()
    const { confirmationMessages } = await tool('run_recipe').prepareInvocation({ input: {} })
    assert.equal(confirmationMessages?.message.text, 'Writes ./out.')
    assert.deepEqual([calls.map(([, { write }]) => write), ran], [[false], []])
  })

  it('run in the queue of all runs, and answer with the results of that run', async () => {
    const { tool, calls, ran } = await register()
    await tool('run_recipe').invoke({ input: {} }, token)
    assert.deepEqual(
      ran.map((request) => ({ ...request, onFolder: undefined })),
      [{ recipe: '/w/a.prune.yaml', set: ['seed=1'], onFolder: undefined }],
    )
    assert.deepEqual(calls.at(-1)?.[1].input, { runs: ['20260101-000000-a'] })
  })

  it('compute and write nothing in a workspace that is not trusted', async () => {
    const { tool, calls, ran } = await register({ isTrusted: false })
    for (const name of ['run_recipe', 'generate_samples'])
      await assert.rejects(tool(name).invoke({ input: {} }, token), /needs a trusted workspace/)
    await assert.rejects(tool('run_recipe').prepareInvocation({ input: {} }), /needs a trusted workspace/)
    assert.deepEqual([calls, ran], [[], []])
    await tool('inspect_checkpoint').invoke({ input: {} }, token)
    assert.equal(calls.length, 1)
  })
})

describe('the MCP server that the editor offers', () => {
  async function offered(options: Parameters<typeof fakeEditor>[0]) {
    const { vscode, servers } = fakeEditor(options)
    const { offerMcpServer } = await extensionModule<typeof agentTools>('agents/agentTools.ts', { vscode })
    const supervisor = { state: { kind: 'ready', runtime: { path: '/node', origin: 'path' } } }
    const services = { extensionUri: { fsPath: '/x' }, version: '1', call: async () => null, supervisor }
    offerMcpServer(services as unknown as Services)
    return servers
  }

  it('is the command line of the extension, with the workspace as its root, and may not run recipes', async () => {
    const [{ id, provider }] = await offered({})
    assert.equal(id, 'sparsescope.mcp')
    const [server] = provider.provideMcpServerDefinitions() as { args: string[]; command: string }[]
    assert.deepEqual(server.args, ['/x/dist/cli.mjs', 'mcp', '--root', '/w'])
    await provider.resolveMcpServerDefinition(server)
    assert.equal(server.command, '/node')
  })

  it('is absent without trust, and before VS Code 1.101', async () => {
    const [{ provider }] = await offered({ isTrusted: false })
    assert.deepEqual(provider.provideMcpServerDefinitions(), [])
    assert.deepEqual(await offered({ version: '1.100.3' }), [])
  })
})
