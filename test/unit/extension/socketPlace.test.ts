import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isPlaceTaken, socketPath, ownSecret, type Surroundings } from '../../../src/extension/backend/socketPlace.ts'
import { scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

describe('where a window finds its backend', function () {
  let folder = ''
  let at: Surroundings
  beforeEach(function () {
    if (process.platform === 'win32') cannot(this, 'Windows has named pipes instead')
    folder = scratch().folder
    const [runtimeFolder, temporaryFolder, storage] = ['run', 'tmp', 'storage'].map((name) => join(folder, name))
    for (const path of [runtimeFolder, temporaryFolder, storage]) mkdirSync(path)
    at = { platform: process.platform, uid: process.getuid!(), runtimeFolder, temporaryFolder, storage }
  })

  it('is the same for the same version, workspace and runtime, and another for any other', () => {
    const parts = ['1.0.0', '/work', '/usr/bin/node']
    const place = socketPath(parts, at)
    assert.equal(socketPath(parts, at), place)
    parts.forEach((_, i) => assert.notEqual(socketPath(parts.with(i, 'other'), at), place))
    assert.notEqual(socketPath(['ab', 'c'], at), socketPath(['a', 'bc'], at))
  })

  it('is in a folder that only the user may read', () => {
    const place = socketPath(['a'], at)
    assert.ok(place.startsWith(join(folder, 'run')))
    assert.equal(statSync(join(place, '..')).mode & 0o777, 0o700)
    const elsewhere = socketPath(['a'], { ...at, runtimeFolder: '' })
    assert.ok(elsewhere.startsWith(join(folder, 'tmp', `sparsescope-${at.uid}`)))
  })

  it('is never a folder that is open to others, belongs to someone else, or is a link', () => {
    const first = join(at.runtimeFolder, 'sparsescope')
    const isRefused = () => assert.ok(!socketPath(['a'], at).startsWith(first))
    mkdirSync(first, { mode: 0o700 })
    assert.ok(socketPath(['a'], at).startsWith(first))
    chmodSync(first, 0o750)
    isRefused()
    rmSync(first, { recursive: true })
    symlinkSync(at.storage, first)
    isRefused()
    rmSync(first)
    writeFileSync(first, '')
    isRefused()
    assert.throws(() => socketPath(['a'], { ...at, uid: at.uid! + 1 }), /no private place.*belongs to someone else/)
  })

  it('has a secret that is made once, differs between users, and is for its user alone to read', () => {
    const [here, elsewhere] = ['here', 'elsewhere'].map((name) => ownSecret(join(folder, name)))
    assert.equal(here.secret.length, 32)
    assert.deepEqual(ownSecret(join(folder, 'here')), here)
    assert.ok(!here.secret.equals(elsewhere.secret))
    assert.equal(statSync(here.file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(join(folder, 'here')), ['backend.secret'])
    // A half-written one is replaced.
    writeFileSync(here.file, 'short')
    assert.equal(ownSecret(join(folder, 'here')).secret.length, 32)
  })

  it('has an address that fits into a socket', () => {
    const place = socketPath(['a'], { ...at, runtimeFolder: join(folder, 'x'.repeat(90)) })
    assert.ok(Buffer.byteLength(place) <= 100)
  })

  it("takes only a socket of the user's own, closed to others", async () => {
    const path = join(folder, 'a.sock')
    assert.equal(isPlaceTaken(path, at), false)
    writeFileSync(path, '', { mode: 0o600 })
    assert.throws(() => isPlaceTaken(path, at), /not a private socket/)
    rmSync(path)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(path, resolve))
    chmodSync(path, 0o600)
    assert.equal(isPlaceTaken(path, at), true)
    assert.throws(() => isPlaceTaken(path, { ...at, uid: at.uid! + 1 }), /not a private socket/)
    chmodSync(path, 0o666)
    assert.throws(() => isPlaceTaken(path, at), /not a private socket/)
    await new Promise((resolve) => server.close(resolve))
  })
})
