// The built `sparsescope mcp`, called by the SDK's own client over stdio.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { build } from 'esbuild'
import { settingsOf } from '../../../scripts/buildTargets.mjs'
import { mostBytes } from '../../../src/agents/resultText.ts'
import { tools } from '../../../src/agents/tools.ts'
import { entry } from '../../support/cli.ts'
import { isAlive } from '../../support/sweeps.ts'
import { until } from '../../support/until.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

const samples = new URL('../../../samples', import.meta.url).pathname

describe('sparsescope mcp', function () {
  this.timeout(600_000)
  const clients: Client[] = []
  let place: Scratch

  /** A server whose only root is the sample, and a way to call its tools. */
  async function serve(...args: string[]) {
    const client = new Client({ name: 'test', version: '1' })
    const server = [entry, 'mcp', '--device', 'cpu', '--root', place.path('sample'), ...args]
    await client.connect(new StdioClientTransport({ command: process.execPath, args: server, stderr: 'ignore' }))
    clients.push(client)
    const call = async (name: string, given: Record<string, unknown>, onprogress?: () => void) => {
      const { content, isError } = await client.callTool({ name, arguments: given }, undefined, {
        onprogress,
        timeout: 300_000,
      })
      const [{ text }] = content as { text: string }[]
      assert.ok(Buffer.byteLength(text) <= mostBytes, `${name}: ${Buffer.byteLength(text)} bytes`)
      return { text, isError: isError === true }
    }
    return { client, call }
  }

  before(() => {
    place = scratch()
    cpSync(samples, place.path('sample'), { recursive: true, filter: (path) => !/make|\.sparsescope/.test(path) })
    place.write('outside/secret.txt', 'secret')
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
  })

  it('inspects, suggests, explains, runs, reads results and compares', async () => {
    const { call } = await serve('--allow-run')
    const done = async (name: string, given: Record<string, unknown>, onprogress?: () => void) => {
      const { text, isError } = await call(name, given, onprogress)
      assert.ok(!isError, `${name}: ${text}`)
      return text
    }
    assert.match(await done('inspect_checkpoint', { path: 'opt' }), /^opt: 132 tensors/)
    const suggested = await done('suggest_recipe', { model: 'opt', sparsity: 0.6, minutes: 5 })
    assert.match(suggested, /\nIt lints clean\.$/)
    assert.match(suggested, /Wanda 88\.45/, 'the measured table')
    const [, name, text] = /^# (\S+)\n([^]*)\nWhy:\n/.exec(suggested) ?? assert.fail(suggested)
    const explained = await done('explain_recipe', { recipe: name, text })
    assert.match(explained, /prunes 48 of 48 linears[^]*memory about [^]*No findings\.$/)
    let steps = 0
    const samples = ['calibration.samples=8', 'recover.1.samples=8', 'evaluate.0.samples=4']
    const settings = ['recover.0.steps=2', 'recover.1.steps=2', 'calibration.seq_len=64', ...samples]
    const ran = await done('run_recipe', { recipe: name, text, settings }, () => steps++)
    assert.ok(steps > 0, 'there is progress')
    assert.match(ran, /done [^]*How it was measured: [^]*\.sparsescope\/runs\//)
    const [, row] = ran.split('\n')
    assert.ok((await done('read_results', {})).split('\n').includes(row), 'the same row')
    const saved = /to: (\S+) # never/.exec(text)?.[1] ?? ''
    assert.match(await done('inspect_checkpoint', { path: saved }), /made from: [^]*zeros[^]*60\.\d+ %/)
    const compared = await done('compare_checkpoints', { a: saved, b: 'opt' })
    assert.match(compared, /^Sparsity was lost: B fills 48 of 48 matrices/)
    const written = await done('generate_samples', { models: ['opt', saved], prompts: ['Once'], max_tokens: 5 })
    assert.match(written, /^Prompt: Once\nopt[^]*log probability/)
  })

  it('lists the tools of the table, the runs and recipes below its root, and prompts', async () => {
    const { client } = await serve()
    const { tools: listed } = await client.listTools()
    assert.deepEqual(
      listed.map(({ name }) => name),
      tools.map(({ name }) => name),
    )
    const { resources } = await client.listResources()
    const uri = 'sparsescope://recipes/opt-bias-norm.prune.yaml'
    assert.ok(resources.some((one) => one.uri === uri))
    const [{ text }] = (await client.readResource({ uri })).contents as { text: string }[]
    assert.equal(text, readFileSync(place.path('sample/opt-bias-norm.prune.yaml'), 'utf8'))
    await assert.rejects(client.readResource({ uri: 'sparsescope://recipes/../outside/x.prune.yaml' }), /not inside/)
    for (const { name, arguments: needed = [] } of (await client.listPrompts()).prompts) {
      const given = Object.fromEntries(needed.map((argument) => [argument.name, 'opt']))
      const { messages } = await client.getPrompt({ name, arguments: given })
      assert.match((messages[0].content as { text: string }).text, /opt/)
    }
  })

  it('runs nothing without --allow-run, and reads nothing outside its roots', async () => {
    const { call } = await serve()
    const refused = await call('run_recipe', { recipe: 'opt-bias-norm.prune.yaml' })
    assert.match(refused.text, /--allow-run/)
    assert.ok(refused.isError && !existsSync(place.path('sample/out')))
    const link = place.path('sample/linked')
    symlinkSync(place.path('outside'), link)
    try {
      for (const path of ['..', '../outside', '/etc', 'linked', 'hf:gpt2', 'hf:../../etc', '\\\\host\\share'])
        assert.match((await call('inspect_checkpoint', { path })).text, /is not inside the folders/, path)
    } finally {
      rmSync(link)
    }
  })

  it('ends by itself when its client has gone', async () => {
    const child = spawn(process.execPath, [entry, 'mcp'], { cwd: place.folder, stdio: ['pipe', 'ignore', 'ignore'] })
    child.stdin.end()
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })

  it('cancels a run, which can be resumed, when its client goes away', async () => {
    const { client, call } = await serve('--allow-run')
    const running = new Promise<void>((resolve) => {
      const settings = ['recover.steps=100000', 'save.to=gone']
      call('run_recipe', { recipe: 'opt-bias-norm.prune.yaml', settings }, resolve).catch(() => undefined)
    })
    await running
    const pid = (client.transport as StdioClientTransport).pid ?? assert.fail('no process')
    await client.close()
    await until('the end of the server', () => !isAlive(pid))
    const runs = readdirSync(place.path('sample/.sparsescope/runs'))
    const folder = runs.find((name) => name.endsWith('bias-norm')) ?? assert.fail('no run')
    const events = readFileSync(place.path('sample/.sparsescope/runs', folder, 'events.jsonl'), 'utf8')
    assert.match(events, /"type":"end","status":"cancelled"[^\n]*\n$/)
  })

  it('refuses a root that is not there', async () => {
    const client = new Client({ name: 'test', version: '1' })
    const args = [entry, 'mcp', '--root', place.path('nowhere')]
    await assert.rejects(
      client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' })),
    )
  })

  it('adds less than 150 kB of tools and protocol to the bundle, and nothing of HTTP', async () => {
    const { metafile } = await build({
      ...settingsOf('cli'),
      metafile: true,
      write: false,
      logLevel: 'silent',
    })
    const inputs = Object.values(metafile?.outputs ?? {}).flatMap((output) => Object.entries(output.inputs))
    const added = inputs.filter(([path]) => /modelcontextprotocol|src\/agents|cli\/mcp|zod\/v3/.test(path))
    assert.ok(added.length > 10)
    assert.ok(added.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0) < 150_000)
    const forbidden = /node_modules\/(express|hono|@hono|ajv|cors|jose|eventsource)|streamableHttp|\/sse\.js/i
    assert.deepEqual(
      inputs.filter(([path]) => forbidden.test(path)),
      [],
    )
  })
})
