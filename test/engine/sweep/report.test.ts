// sparsescope report: runs and sweeps as one table, on a terminal, for a paper, in a browser.
import assert from 'node:assert/strict'
import { cpSync, existsSync, lstatSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cliIn } from '../../support/cli.ts'
import type { Scratch } from '../../support/scratch.ts'
import { onlySweep, sweep, sweepPlace, sweptRecipe } from '../../support/sweeps.ts'

describe('sparsescope report', function () {
  this.timeout(300_000)
  let place: Scratch
  let folder = ''
  let recipe = ''
  before(async () => {
    place = await sweepPlace()
    recipe = place.recipe('a', sweptRecipe({ 'prune.0.sparsity': [0.4, 0.6], seed: [0, 1] }))
    assert.equal((await sweep(place, 'run', recipe, '--device', 'cpu')).status, 0)
    folder = onlySweep(place) ?? ''
  })

  const report = (...args: string[]) => cliIn(place.folder, 'report', ...args)

  const runsOf = (csv: string) => {
    const [heads, ...lines] = readFileSync(place.path(csv), 'utf8').trim().split('\r\n')
    assert.match(heads, /^step,run,/)
    return new Set(lines.map((line) => line.replace(/^\d+,("[^"]*"|[^,]*),.*$/, '$1')))
  }

  it('gives trackers a line for each step, with step first and the run beside it', async () => {
    const { status, stdout } = await report(folder, '--csv', 'curves.csv')
    assert.equal(status, 0)
    assert.deepEqual(stdout.trim().split('\n').slice(-1), ['wrote curves.csv'])
    assert.equal(runsOf('curves.csv').size, 4)
  })

  it('keeps curves of two sweeps of one recipe apart', async () => {
    const other = folder.replace(/\d{6}-a$/, '000000-a')
    cpSync(folder, other, { recursive: true })
    const { status } = await report(folder, other, '--csv', 'two.csv')
    rmSync(other, { recursive: true })
    assert.equal(status, 0)
    assert.equal(runsOf('two.csv').size, 8)
  })

  it('replaces no recipe, record or model, nor one report by another', async () => {
    const before = readFileSync(recipe, 'utf8')
    const text = place.path('evaluation.txt')
    writeFileSync(text, 'text to measure on')
    for (const options of [
      ['--markdown', recipe],
      ['--csv', join(folder, 'runs', '0', 'report.json')],
      ['--csv', text],
      ['--html', 'page.html', '--csv', './page.html'],
    ]) {
      const { status, stderr } = await report(folder, ...options)
      assert.equal(status, 2, options.join(' '))
      assert.match(stderr, /name another file/)
    }
    assert.equal(readFileSync(recipe, 'utf8'), before)
    assert.equal(readFileSync(text, 'utf8'), 'text to measure on')
  })

  it('has for a sweep a row for each setting, the same in Markdown and on a page', async () => {
    const { status, stdout } = await report(
      folder,
      '--markdown',
      'table.md',
      '--latex',
      'table.tex',
      '--html',
      'page.html',
    )
    assert.equal(status, 0)
    const [heads, first, second, ...rest] = stdout.trim().split('\n')
    assert.match(heads, /^run +state +perplexity, dense .* zeros +trainable +time +memory$/)
    assert.match(first, /^wanda 40 % +2 done/)
    assert.match(second, /^wanda 60 % +2 done/)
    assert.deepEqual(rest, ['wrote table.md', 'wrote table.tex', 'wrote page.html'])
    const markdown = readFileSync(place.path('table.md'), 'utf8').trim().split('\n')
    // Heads, rule, dense, a row a sparsity, a line without anything, the caption.
    assert.equal(markdown.length, 7)
    assert.match(markdown.slice(3, 5).join(), /\| 40 % \| .*\| 60 % \| /)
    assert.match(
      markdown[6],
      /^model pruned by wanda, recovered by \w+\. Median over 2 seeds ± .* Perplexity on .*: windows of \d+ tokens/,
    )
    assert.match(readFileSync(place.path('table.tex'), 'utf8'), /\\toprule[^]*40 \\% & [\d.]+/)
    const page = readFileSync(place.path('page.html'), 'utf8')
    assert.match(page, /<h1>model, \d{4}-\d\d-\d\d<\/h1>\n<p>4 runs\. Best: wanda [46]0 %, perplexity [\d.]+\.<\/p>/)
    assert.doesNotMatch(page, /prune\.0\.sparsity/)
    // No curve of the loss: each block of a reconstruction has one of its own.
    assert.equal((page.match(/<svg/g) ?? []).length, 3, 'scatter, perplexity and errors by block')
    assert.match(page, /Error left after reconstruct, by block/)
    assert.match(page, /Pareto front/)
    assert.match(page, /median/)
    // Seeds have measured the same dense model: a line and its key among the points, and a line among the curves.
    assert.equal((page.match(/>dense</g) ?? []).length, 3)
  })

  it('is the same for a recipe with a sweep as for its folder', async () => {
    assert.equal((await report(recipe, '--json')).stdout, (await report(folder, '--json')).stdout)
  })

  it('has for runs by themselves what differs between their recipes', async () => {
    const runs = [0, 2].map((i) => join(folder, 'runs', String(i)))
    const { runs: rows, folded } = JSON.parse((await report(...runs, '--json')).stdout) as {
      runs: { settings: object; state: string; run: string; results: { perplexity: { recovered: number } } }[]
      folded: unknown[]
    }
    assert.deepEqual(
      rows.map(({ settings }) => settings),
      [{ 'prune.0.sparsity': 0.4 }, { 'prune.0.sparsity': 0.6 }],
    )
    assert.deepEqual(
      rows.map(({ run }) => run),
      runs,
    )
    assert.equal(folded.length, 2)
    assert.ok(rows[0].results.perplexity.recovered > 1)
  })

  it('counts a run once that is named twice', async () => {
    const [first, second] = [0, 2].map((i) => join(folder, 'runs', String(i)))
    const rows = async (...paths: string[]) =>
      (JSON.parse((await report(...paths, '--json')).stdout) as { folded: { members: number[] }[] }).folded.length
    assert.equal(await rows(first, second, first), 2)
    const others = [first, second].map((from, i) => {
      const to = place.path('.sparsescope', 'runs', `2026010${i + 1}-000000-killed`)
      cpSync(from, to, { recursive: true })
      rmSync(join(to, 'report.json'))
      return to
    })
    assert.equal(await rows(...others), 2)
    assert.match(
      (await report(...others)).stdout,
      /its process ended without a message; sparsescope run --resume continues it/,
    )
  })

  it('writes through links and into devices, and overwrites no file beside them', async () => {
    symlinkSync('table.md', place.path('link.md'))
    writeFileSync(place.path('table.md'), 'old')
    writeFileSync(place.path('table.md.tmp'), 'mine')
    assert.equal((await report(folder, '--markdown', 'link.md')).status, 0)
    assert.ok(lstatSync(place.path('link.md')).isSymbolicLink())
    assert.match(readFileSync(place.path('table.md'), 'utf8'), /^\|/)
    assert.equal(readFileSync(place.path('table.md.tmp'), 'utf8'), 'mine')
    symlinkSync('/dev/null', place.path('nowhere'))
    assert.equal((await report(folder, '--html', 'nowhere')).status, 0)
    assert.ok(lstatSync(place.path('nowhere')).isSymbolicLink() && statSync('/dev/null').isCharacterDevice())
    const { status, stderr } = await report(folder, '--html', 'model')
    assert.equal(status, 2)
    assert.match(stderr, /model is a folder/)
  })

  it('refuses any other folder in one line, and writes nothing', async () => {
    writeFileSync(place.path('x.json'), '{}')
    for (const [path, message] of [
      ['model', /is not the folder of a run or a sweep/],
      ['no', /does not exist/],
      [place.recipe('new', sweptRecipe({ seed: [7, 8] })), /not been started; sparsescope sweep run/],
    ] as const) {
      const { status, stderr } = await report(path, '--html', 'none.html')
      assert.equal(status, 2)
      assert.match(stderr, message)
    }
    assert.ok(!existsSync(place.path('none.html')))
  })
})
