// Facts for a bug report: versions, runtime and device; no paths, no names, no weights.
import * as vscode from 'vscode'
import { cpus, homedir, totalmem } from 'node:os'
import { formatBytes } from '../../formatting/numbers.ts'
import { describeRuntime } from '../backend/runtime.ts'
import type { Services } from '../services.ts'
import { withoutPaths } from './withoutPaths.ts'

export function diagnosticsText({ supervisor, version }: Services): string {
  const { state } = supervisor
  const lines = [
    `SparseScope ${version}`,
    `VS Code ${vscode.version}, ${vscode.env.appHost}${vscode.env.remoteName ? ', remote' : ''}`,
    `${process.platform} ${process.arch}, ${cpus().length} cores, ${formatBytes(totalmem())} memory`,
    `workspace trusted: ${vscode.workspace.isTrusted ? 'yes' : 'no'}`,
    `backend: ${state.kind}`,
  ]
  if (state.kind === 'failed') lines.push(withoutPaths(state.message, homedir()))
  if (state.kind === 'ready') {
    lines.push(`runs on ${describeRuntime(state.runtime)}, Node ${state.hello.node}`)
    if (state.device) {
      lines.push(`device: ${state.device.device}, ${state.device.description}`)
      lines.push(...state.device.reasons.map((r) => `  ${withoutPaths(r, homedir())}`))
    }
  }
  return lines.join('\n')
}
