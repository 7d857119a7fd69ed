// The first window of `npm run studio` begins with the walkthrough; a reload keeps what was open.
const vscode = require('vscode')

exports.activate = async ({ globalState }) => {
  if (globalState.get('welcomed')) return
  await globalState.update('welcomed', true)
  await vscode.commands.executeCommand('sparsescope.openWalkthrough')
}
