// Tabs of VS Code without VS Code: what their pages are sent, and what the pages say.
import { join } from 'node:path'

interface Message {
  readonly type: string
}

export interface FakePanel {
  readonly posted: Message[]
  isDisposed: boolean
  /** The page says something to the host. */
  say(message: object): void
}

const nothing = () => ({ dispose: () => undefined })
export const fakeUri = (fsPath: string) => ({
  fsPath,
  path: fsPath,
  scheme: 'file',
  toString: () => `file://${fsPath}`,
})

/** `vscode` for code that opens tabs, in which `workspace` and `window` add what else the code needs. */
export function fakePanels({ workspace = {}, window = {} }: { workspace?: object; window?: object } = {}) {
  const panels: FakePanel[] = []
  /** Commands with their arguments. */
  const commands: unknown[][] = []
  const createWebviewPanel = () => {
    const closed = new Set<() => void>()
    let receive: (message: object) => void = () => undefined
    const panel: FakePanel = {
      posted: [],
      isDisposed: false,
      say: (message) => {
        if (!panel.isDisposed) receive(message)
      },
    }
    panels.push(panel)
    const webview = {
      postMessage: (message: Message) => panel.posted.push(message),
      asWebviewUri: (uri: object) => uri,
      onDidReceiveMessage: (listen: typeof receive) => {
        receive = listen
        return nothing()
      },
    }
    return {
      webview,
      reveal: () => undefined,
      onDidDispose: (listen: () => void) => closed.add(listen),
      dispose: () => {
        if (panel.isDisposed) return
        panel.isDisposed = true
        for (const listen of closed) listen()
      },
    }
  }
  const vscode = {
    l10n: { t: (text: string, ...values: unknown[]) => text.replace(/\{(\d)\}/g, (_, i) => String(values[Number(i)])) },
    ViewColumn: { Active: -1, Beside: -2 },
    CancellationError: class extends Error {},
    RelativePattern: class {},
    Uri: {
      file: fakeUri,
      joinPath: (base: { fsPath: string }, ...parts: string[]) => fakeUri(join(base.fsPath, ...parts)),
    },
    commands: { executeCommand: async (...args: unknown[]) => void commands.push(args) },
    window: { createWebviewPanel, registerWebviewPanelSerializer: nothing, ...window },
    workspace: {
      isTrusted: true,
      onDidGrantWorkspaceTrust: nothing,
      onDidChangeConfiguration: nothing,
      getConfiguration: () => ({ get: () => undefined }),
      asRelativePath: (path: string) => path,
      ...workspace,
    },
  }
  return { vscode, panels, commands }
}

/** Resolves once everything that is ready to happen has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
