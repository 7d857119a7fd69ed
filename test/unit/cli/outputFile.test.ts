// Pipes as output files.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { replaceFile } from '../../../src/cli/outputFile.ts'
import { scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

describe('a pipe as output file', () => {
  const pipe = (context: Mocha.Context) => {
    const path = scratch().path('pipe')
    return spawnSync('mkfifo', [path]).status === 0 ? path : cannot(context, 'mkfifo makes no pipe here')
  }

  it('is refused where no process reads it, instead of waiting for one', async function () {
    const path = pipe(this)
    await assert.rejects(replaceFile(path, 'text'), { code: 'usage', message: /pipe: no process reads this pipe/ })
  })

  it('gets everything, also more than it holds while its reader is slow', async function () {
    const path = pipe(this)
    // Bash opens the pipe for both directions, so it does not wait for a writer.
    const reader = spawn('bash', ['-c', `exec 3<>"$0"; echo; sleep 0.3; head -c 1000000 <&3`, path])
    await new Promise((resolve) => reader.stdout.once('data', resolve))
    const read = text(reader.stdout)
    const said = 'ä'.repeat(500_000)
    await replaceFile(path, said)
    assert.ok((await read) === said)
  })

  it('says so where its reader has gone', async function () {
    const path = pipe(this)
    const reader = spawn('bash', ['-c', `exec 3<>"$0"; echo; head -c 1 <&3 >/dev/null`, path])
    await new Promise((resolve) => reader.stdout.once('data', resolve))
    await assert.rejects(replaceFile(path, 'x'.repeat(1_000_000)), { code: 'disk', message: /reader has closed/ })
  })
})
