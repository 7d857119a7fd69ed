import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the packages', () => {
  it('of npm and of VS Code prune a model from a folder whose name has spaces', () => {
    const packed = process.env.SPARSESCOPE_VSIX
    const args = ['scripts/smokePackages.mjs', '--quick', ...(packed ? ['--vsix', packed] : [])]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.match(stdout, /npm package: prune works[\s\S]*VSIX: prune works/)
  })
})
