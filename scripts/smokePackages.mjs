// Packs the VSIX and the npm package, puts each where a user would, below a folder whose name has spaces, and runs the
// command line's demo from both: `node scripts/smokePackages.mjs`. `npm run build` comes before it.
// With --quick it prunes the sample that comes along instead, which takes seconds; --vsix FILE takes one that is packed already.
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { openPromise } from 'yauzl'
import { packageVsix } from './package.mjs'
import { must, packNpm } from './packageNpm.mjs'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, vsix: { type: 'string' } } })

/** A VSIX is a zip file; VS Code unpacks it when it installs it. */
async function unpack(vsix, folder) {
  const zip = await openPromise(vsix)
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith('/')) continue
    const file = join(folder, entry.fileName)
    mkdirSync(dirname(file), { recursive: true })
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(file))
  }
}

/** Works with the command line of the unpacked package in `folder`, in a folder of its own. */
function tryOut(title, folder) {
  const cli = join(folder, 'dist/cli.mjs')
  const work = join(scratch, `work of ${title}`)
  mkdirSync(work)
  const [args, result] = values.quick
    ? [
        ['prune', join(folder, 'samples/opt'), '--method', 'magnitude', '--sparsity', '0.5', '--out', 'pruned'],
        'pruned/model.safetensors',
      ]
    : [['demo', 'demo', '--all', '--steps', '2'], 'demo/report.html']
  must(process.execPath, [cli, ...args], work)
  if (!existsSync(join(work, result))) throw new Error(`${title}: ${args[0]} left no ${result}`)
  console.log(`${title}: ${args[0]} works`)
}

const scratch = mkdtempSync(join(tmpdir(), 'sparsescope smoke '))
try {
  const installed = join(scratch, 'npm package')
  mkdirSync(installed)
  writeFileSync(join(installed, 'package.json'), '{"private": true}\n')
  must('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', packNpm(scratch)], installed)
  tryOut('npm package', join(installed, 'node_modules/sparsescope'))

  const extension = join(scratch, 'vsix')
  mkdirSync(extension)
  const pack = () => packageVsix({ out: join(scratch, 'sparsescope.vsix'), say: (line) => console.log(line) }).file
  await unpack(values.vsix ?? pack(), extension)
  tryOut('VSIX', join(extension, 'extension'))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
