// A sweep that was submitted on the command line, followed in a window whose extension host is on a login node.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { slurmFor, type TestSlurm } from '../support/slurm.ts'
import { activeView, choose, openStudio, studioOf } from './studio.ts'

const cli = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url))
const recipe = `version: 1
model: ./opt
prune: [{method: magnitude, sparsity: 0.5}]
sweep: {prune.0.sparsity: [0.3, 0.7], slurm: {partition: debug, time: '00:10:00', memory: 400MB, cpus: 1}}
`

describe('the packaged extension, with Slurm', function () {
  this.timeout(600_000)
  let slurm: TestSlurm
  const studio = studioOf(async (suite) => {
    slurm = await slurmFor(suite)
    return openStudio(suite, { env: slurm.env })
  })
  after(async () => {
    await studio.stop()
    await slurm?.stop()
  })

  it('opens a sweep that the command line submitted, and follows it to its end', async () => {
    const { page, workspace } = studio
    const path = join(workspace, 'there.prune.yaml')
    writeFileSync(path, recipe)
    const env = { ...process.env, ...slurm.env }
    const args = [cli, 'sweep', 'run', path, '--engine', 'slurm', '--no-wait']
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env })
    assert.equal(status, 0, stderr)
    await choose(page, 'SparseScope: Open Sweep', 'there')
    await page.locator('.tab.active', { hasText: 'Sweep there' }).waitFor()
    await activeView(page).getByText('2 of 2 done').waitFor({ timeout: 120_000 })
    assert.equal(await activeView(page).locator('header .muted', { hasText: '· Slurm ·' }).count(), 1)
  })
})
