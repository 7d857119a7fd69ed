// The page around a view.
import assert from 'node:assert/strict'
import type { viewPage } from '../../../src/extension/views/bindView.ts'
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
