// Run Sweep in a window whose extension host is on a login node: the question, the job array as the settings want it, the view.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import { slurmFor, type TestSlurm } from '../support/slurm.ts'
import { activeView, choose, openFile, openStudio, studioOf } from './studio.ts'

/** 400 MB are 382 MiB, which Slurm counts in. */
const settings = { partition: 'debug', time: '00:20:00', memory: '400MB', cpus: 1, atATime: 1 }
const recipe = (sweep: string) => `version: 1
model: ./opt
prune: [{method: magnitude, sparsity: 0.5}]
sweep: {${sweep}}
`

describe('the packaged extension: sweeps on Slurm', function () {
  this.timeout(600_000)
  let slurm: TestSlurm
  const studio = studioOf(async (suite) => {
    slurm = await slurmFor(suite)
    const opened = await openStudio(suite, { env: slurm.env })
    mkdirSync(join(opened.workspace, '.vscode'))
    const own = Object.entries(settings).map(([key, value]) => [`sparsescope.slurm.${key}`, value])
    writeFileSync(join(opened.workspace, '.vscode', 'settings.json'), JSON.stringify(Object.fromEntries(own)))
    return opened
  })
  after(async () => {
    await studio.stop()
    await slurm?.stop()
  })

  async function runSweep(name: string, text: string, where: string): Promise<void> {
    const { page, workspace } = studio
    await runCommand(page, 'View: Show Explorer')
    writeFileSync(join(workspace, name), text)
    await openFile(page, name)
    await choose(page, 'SparseScope: Run Sweep', where)
  }
  async function done(name: string): Promise<void> {
    const { page } = studio
    await page.locator('.tab.active', { hasText: `Sweep ${name}` }).waitFor()
    await activeView(page).getByText('2 of 2 done').waitFor({ timeout: 120_000 })
  }
  const isOnSlurm = () => activeView(studio.page).locator('header .muted', { hasText: '· Slurm ·' }).count()
  const jobs = () => {
    const env = { ...process.env, ...slurm.env }
    return spawnSync('scontrol', ['--oneliner', 'show', 'job'], { encoding: 'utf8', env }).stdout.trim().split('\n')
  }

  it('on this machine: nothing is submitted', async () => {
    await runSweep('here.prune.yaml', recipe('prune.0.sparsity: [0.4, 0.6]'), 'On this machine')
    await studio.page.locator('.quick-input-message', { hasText: 'Runs at a time' }).waitFor()
    await studio.page.keyboard.press('Enter')
    await done('here')
    assert.equal(await isOnSlurm(), 0)
    assert.deepEqual(jobs(), ['No jobs in the system'])
  })

  it('on Slurm: an array as the settings want it, but for what the recipe says itself; its view goes to its end', async () => {
    await runSweep('there.prune.yaml', recipe("prune.0.sparsity: [0.3, 0.7], slurm: {time: '00:10:00'}"), 'On Slurm')
    await done('there')
    assert.equal(await isOnSlurm(), 1)
    const tasks = jobs()
    assert.equal(tasks.length, 2, tasks.join('\n'))
    for (const task of tasks) {
      assert.match(task, / JobName=sparsescope-[0-9a-f]+ /)
      for (const fact of [
        'Partition=debug',
        'TimeLimit=00:10:00',
        'MinMemoryNode=382M',
        'NumCPUs=1',
        'ArrayTaskThrottle=1',
      ])
        assert.ok(task.includes(` ${fact} `), `${fact} in ${task}`)
    }
  })
})
