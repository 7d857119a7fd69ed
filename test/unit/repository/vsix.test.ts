// What the package of VS Code holds besides its code: the page that the Marketplace shows, and licences.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { openPromise } from 'yauzl'
import { scratch } from '../../support/scratch.ts'
import { lacks } from '../../support/skip.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
/** Not that of this machine: its koffi is not installed. That of Windows has Microsoft's shader compiler too. */
const target = process.platform === 'win32' ? 'linux-x64' : 'win32-x64'

/** Texts of a zip file, by name; of other files the name alone. */
async function unzip(file: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const zip = await openPromise(file)
  for await (const entry of zip.eachEntry()) {
    const isText = /\.(md|txt)$|THIRD_PARTY_NOTICES$/i.test(entry.fileName)
    found.set(entry.fileName, isText ? await readText(await zip.openReadStreamPromise(entry)) : '')
  }
  return found
}

describe('the VSIX', function () {
  this.timeout(120_000)
  let place = ''
  let files = new Map<string, string>()
  const pack = (name: string, CI: string) =>
    spawnSync(process.execPath, ['scripts/package.mjs', '--target', target, '--out', join(place, name)], {
      cwd: root,
      env: { ...process.env, CI },
      encoding: 'utf8',
    })
  before(async function () {
    const needed = ['dist/extension.cjs', 'dist/THIRD_PARTY_NOTICES', 'node_modules/webgpu', 'node_modules/koffi']
    for (const name of needed) if (!existsSync(join(root, name))) lacks(this, `no ${name}: run npm run setup and build`)
    place = scratch().folder
    const { status, stderr } = pack('some.vsix', '')
    assert.equal(status, 0, stderr)
    files = await unzip(join(place, 'some.vsix'))
  })

  it('shows a page whose links are absolute, whose pictures are PNG, and whose files are in the repository', () => {
    const page = files.get('extension/readme.md') ?? ''
    const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { repository: string }
    const ours = `https://github.com/${repository.replace('github:', '')}`
    const links = [...page.matchAll(/(!?)\[[^\]]*\]\(([^)]*)\)/g)].map(([, picture, to = '']) => ({ picture, to }))
    assert.ok(links.some(({ picture }) => picture))
    assert.ok(!/<(img|a)\b/.test(page))
    for (const { picture, to } of links) {
      assert.match(to, /^https:\/\//)
      if (picture) assert.match(to, /\.png$/)
      const { pathname } = new URL(to)
      if (!to.startsWith(ours)) continue
      const [, kind, path = ''] = /\/(raw|blob)\/HEAD\/(.*)$/.exec(pathname) ?? []
      if (picture) assert.equal(kind, 'raw')
      assert.ok(existsSync(join(root, path)), to)
    }
    assert.ok(links.filter(({ to }) => to.startsWith(`${ours}/`)).length > 10)
  })

  it('holds the licences of webgpu, koffi and the DirectX shader compiler, also in its notices', () => {
    const modules = 'extension/dist/node_modules'
    const dxc = target === 'win32-x64' ? ['LICENSE.TXT', 'ThirdPartyNotices.txt'] : []
    for (const name of [
      'webgpu/LICENSE.md',
      'koffi/LICENSE.txt',
      ...dxc.map((name) => `webgpu/dist/win32-x64/dxcompiler-${name}`),
    ])
      assert.ok(files.get(`${modules}/${name}`), name)
    const notices = files.get('extension/dist/THIRD_PARTY_NOTICES') ?? ''
    const count = (text: string) => notices.split(text).length - 1
    assert.equal(count('The Dawn & Tint Authors'), 1)
    assert.equal(count('Copyright (C) 2026  Niels Martignène'), 1)
    // Each once, though two platforms have them.
    assert.equal(count('Microsoft/DirectXShaderCompiler'), 1)
    assert.ok(count('LLVM Release License') > 1)
  })

  it('is not made under CI where a native library is missing, which is named', () => {
    const { status, stderr } = pack('none.vsix', 'true')
    assert.notEqual(status, 0)
    assert.ok(stderr.includes(`@koromix/koffi-${target}`.replaceAll('/', process.platform === 'win32' ? '\\' : '/')))
    assert.equal(existsSync(join(place, 'none.vsix')), false)
  })
})
