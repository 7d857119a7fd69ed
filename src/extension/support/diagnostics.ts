// Facts for a bug report: versions, runtime and device; no paths, no names, no weights.
import * as vscode from 'vscode'
import { cpus, homedir, totalmem } from 'node:os'
import { formatBytes } from '../../shared/format/byteSize.ts'
import { describeRuntime } from '../backend/runtime.ts'
import type { Services } from '../services.ts'

export function diagnosticsText({ supervisor, version }: Services): string {
  const { state } = supervisor
  const lines = [
    `SparseScope ${version}`,
    `VS Code ${vscode.version}, ${vscode.env.appHost}${vscode.env.remoteName ? ', remote' : ''}`,
    `${process.platform} ${process.arch}, ${cpus().length} cores, ${formatBytes(totalmem())} memory`,
    `workspace trusted: ${vscode.workspace.isTrusted ? 'yes' : 'no'}`,
    `backend: ${state.kind}`,
  ]
  if (state.kind === 'failed') lines.push(withoutPaths(state.message))
  if (state.kind === 'ready') {
    lines.push(`runs on ${describeRuntime(state.runtime)}, Node ${state.hello.node}`)
    if (state.device) {
      lines.push(`device: ${state.device.device}, ${state.device.description}`)
      lines.push(...state.device.reasons.map((r) => `  ${withoutPaths(r)}`))
    }
  }
  return lines.join('\n')
}

/** Messages may name files: a report leaves them out. */
function withoutPaths(text: string): string {
  // Folders may have any letters, and spaces; a name at the end ends at a space.
  const home = homedir()
  const withoutHome = home.length > 1 ? text.replaceAll(home, '<path>') : text
  return withoutHome.replace(/(?:[A-Za-z]:)?[\\/](?:[^\\/:*?"<>|\n()]+[\\/])*[^\\/\s:*?"<>|()]+/gu, '<path>')
}
