// The first window of `npm run studio` opens the sample and begins with the walkthrough; a reload keeps what was open.
const vscode = require('vscode')

exports.activate = async ({ globalState }) => {
  const sample = process.env.SPARSESCOPE_SAMPLE
  if (!vscode.workspace.workspaceFolders && sample) {
    await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(sample), { forceReuseWindow: true })
    return
  }
  if (globalState.get('welcomed')) return
  await globalState.update('welcomed', true)
  await vscode.commands.executeCommand('sparsescope.openWalkthrough')
}
