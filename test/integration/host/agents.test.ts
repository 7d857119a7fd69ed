// The tools of the editor's agent, as an agent calls them. A host of tests answers every question of the editor with yes.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import * as vscode from 'vscode'
import { extension, inWorkspace } from './support.ts'

const prefix = 'sparsescope_'
const mostBytes = 4000

async function call(name: string, input: object): Promise<string> {
  const { content } = await vscode.lm.invokeTool(prefix + name, { input, toolInvocationToken: undefined })
  const text = content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('')
  assert.ok(text !== '' && Buffer.byteLength(text) <= mostBytes, `${name}: ${Buffer.byteLength(text)} bytes`)
  return text
}

suite('tools of agents in a window', () => {
  const recipe = 'agent.prune.yaml'
  const text =
    'version: 1\nmodel: ./opt\nprune: [{method: magnitude, sparsity: 0.5}]\nseed: 0\nsave: {to: ./opt-agent}\n'

  test('are those that package.json has', async () => {
    await extension().activate()
    const { contributes } = extension().packageJSON as { contributes: { languageModelTools: { name: string }[] } }
    const known = vscode.lm.tools.map(({ name }) => name).filter((name) => name.startsWith(prefix))
    assert.deepEqual(known.sort(), contributes.languageModelTools.map(({ name }) => name).sort())
    assert.equal(known.length, 7)
  })

  test('inspect a checkpoint', async () => {
    assert.match(await call('inspect_checkpoint', { path: 'opt', statistics: true }), /^opt: [^]*linears of module/)
  })

  test('suggest a recipe', async () => {
    const given = { model: 'opt', sparsity: 0.6, data: 'ids.safetensors', evaluate_on: 'ids.safetensors' }
    assert.match(await call('suggest_recipe', given), /^# opt-\w+60\.prune\.yaml\n[^]*sparsity: 0\.6/)
  })

  test('explain a recipe that is no file yet', async () => {
    assert.match(await call('explain_recipe', { recipe, text }), /prunes \d+ of \d+ linears[^]*No findings/)
  })

  test('run a recipe in the queue of all runs, never over a file', async () => {
    assert.match(await call('run_recipe', { recipe, text }), /done [^]*\.sparsescope\/runs\/\d+-\d+-agent/)
    assert.equal(readFileSync(inWorkspace(recipe).fsPath, 'utf8'), text)
    assert.ok(existsSync(inWorkspace('opt-agent/model.safetensors').fsPath))
    const { runs } = await extension().activate()
    assert.ok(runs().some(({ name, status }) => name === 'agent' && status === 'done'))
    await assert.rejects(call('run_recipe', { recipe, text }), /exists already/)
  })

  test('read results', async () => {
    assert.match(await call('read_results', { runs: ['-agent'] }), /done +50\.00 %/)
  })

  test('compare checkpoints', async () => {
    assert.match(await call('compare_checkpoints', { a: 'opt-agent', b: 'opt' }), /^Sparsity was lost/)
  })

  test('generate samples, or say why a model has no words', async () => {
    await assert.doesNotReject(call('generate_samples', { models: ['opt'], prompts: ['Once'], max_tokens: 4 }))
  })

  test('read nothing outside the workspace', async () => {
    writeFileSync(inWorkspace('outside.prune.yaml').fsPath, text.replace('./opt\n', '/etc\n'))
    await assert.rejects(call('inspect_checkpoint', { path: '/etc' }), /is not inside the folders/)
    await assert.rejects(call('run_recipe', { recipe: 'outside.prune.yaml' }), /is not inside the folders/)
  })
})
