// The page around a view.
import assert from 'node:assert/strict'
import type { bindView, viewPage } from '../../../src/extension/views/bindView.ts'
import type { Ask } from '../../../src/protocol/view.ts'
import { extensionModule } from '../../support/extensionModule.ts'

describe('the page around a view', () => {
  it('loads nothing remote, runs only its own script, has no other base and sends no form', async () => {
    const vscode = { Uri: { joinPath: (_: unknown, ...parts: string[]) => parts.join('/') } }
    const { viewPage: pageOf } = await extensionModule<{ viewPage: typeof viewPage }>('views/bindView.ts', { vscode })
    const webview = { cspSource: 'own:', asWebviewUri: (uri: string) => `own:/${uri}` }
    const html = pageOf(...([webview, '/e', 'run'] as unknown as Parameters<typeof viewPage>))
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? []
    const directives = Object.fromEntries(
      policy.split('; ').map((one) => [one.slice(0, one.indexOf(' ')), one.slice(one.indexOf(' ') + 1)]),
    )
    const nonce = directives['script-src']
    assert.match(nonce ?? '', /^'nonce-[\w-]{22}'$/)
    assert.ok(html.includes(`<script nonce="${nonce?.slice("'nonce-".length, -1)}" src="own:/dist/webview/run.js">`))
    assert.match(html, /<body><main><div class="skeleton" aria-hidden="true">/, 'something is seen before the script')
    assert.deepEqual(directives, {
      'default-src': "'none'",
      'style-src': "own: 'unsafe-inline'",
      'script-src': nonce,
      'font-src': 'own:',
      'img-src': 'data:',
      'base-uri': "'none'",
      'form-action': "'none'",
    })
  })
})

describe('a view in its host', () => {
  it('is not given the answer to a question of the page before it was hidden as that to its own with the same number', async () => {
    const nothing = () => ({ dispose: () => undefined })
    const vscode = {
      Uri: { joinPath: (_: unknown, ...parts: string[]) => parts.join('/') },
      workspace: {
        isTrusted: true,
        onDidGrantWorkspaceTrust: nothing,
        onDidChangeConfiguration: nothing,
        getConfiguration: () => ({ get: () => undefined }),
      },
    }
    const { bindView: bind } = await extensionModule<{ bindView: typeof bindView }>('views/bindView.ts', { vscode })
    const calls: { signal: AbortSignal; resolve: (value: unknown) => void }[] = []
    const posted: { type: string; value?: unknown }[] = []
    let receive: (message: object) => void = () => assert.fail('the host does not listen')
    const webview = {
      postMessage: (message: { type: string }) => posted.push(message),
      asWebviewUri: (uri: string) => uri,
      onDidReceiveMessage: (listen: typeof receive) => {
        receive = listen
        return nothing()
      },
    }
    const services = {
      extensionUri: '/e',
      call: (_: string, __: object, { signal }: { signal: AbortSignal }) =>
        new Promise((resolve) => calls.push({ signal, resolve })),
      log: { failed: (error: unknown) => assert.fail(String(error)) },
    }
    const options = { view: 'inspector', models: { first: { path: '/m' } }, onReady: () => undefined }
    bind(...([services, { webview, onDidDispose: nothing }, options] as unknown as Parameters<typeof bindView>))
    const ask = (call: Ask['call']) => receive({ type: 'ask', id: 1, call, model: 'first', params: {} })
    receive({ type: 'ready' })
    ask('detail')
    // The tab was hidden and is shown again: its page is loaded anew and counts from 1.
    receive({ type: 'ready' })
    ask('tile')
    assert.deepEqual(
      calls.map(({ signal }) => signal.aborted),
      [true, false],
      'nothing is computed for the page that is gone',
    )
    calls[0].resolve('detail')
    await new Promise((resolve) => setImmediate(resolve))
    calls[1].resolve('picture')
    await new Promise((resolve) => setImmediate(resolve))
    const answers = posted.filter(({ type }) => type === 'reply').map(({ value }) => value)
    assert.deepEqual(answers, ['picture'])
  })
})
