// A page that holds one view and a stand-in for the extension host: for development, tests and measurements.
// The stand-in keeps what the view posts in `window.posted`, tells `window.tellHost` of it where a test has one, and answers questions
// from `window.answers`.
import { themes, type ThemeName } from './themes.ts'

export interface HarnessOptions {
  theme: ThemeName
  /** The view's bundle. */
  script: string
  css: string
}

const fakeHost = `
window.posted = []
window.answers = {}
let state
window.acquireVsCodeApi = () => ({
  postMessage(message) {
    window.posted.push(message)
    window.tellHost?.(message)
    if (message.type !== 'ask') return
    const answer = window.answers[message.call]
    const reply = answer ? { ok: true, value: answer(message.params, message.model) } : { ok: false, message: 'no answer recorded' }
    setTimeout(() => window.postMessage({ type: 'reply', id: message.id, ...reply }))
  },
  getState: () => state,
  setState: (next) => (state = next),
})
`

export function harnessPage({ theme, script, css }: HarnessOptions): string {
  const { bodyClass, variables } = themes[theme]
  const style = Object.entries(variables)
    .map(([name, value]) => `--vscode-${name}: ${value};`)
    .join(' ')
  // The policy of the real page, so that a view that would break it breaks here.
  const policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-harness'; img-src data:; base-uri 'none'; form-action 'none'"
  return `<!doctype html><html lang="en" style='${style}'><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<style>${css}</style></head><body class="${bodyClass}">
<script nonce="harness">${fakeHost}</script>
<script nonce="harness">${script.replaceAll('</script', '<\\/script')}</script></body></html>`
}
