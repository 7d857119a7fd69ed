// `npm run setup`: installs missing packages, and names those that it may not install. Idempotent.
// With --test also what the tests need, with --modules the npm packages alone. Uses Node's built-ins only: it runs before `npm ci`.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '../..')
const forTests = process.argv.includes('--test')

const run = (command, args, options = {}) => spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })

/** Shared libraries and drivers are looked for where Debian puts them; elsewhere ldconfig answers. */
function libraryFolders() {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/local/lib']
  if (existsSync('/usr/lib'))
    for (const name of readdirSync('/usr/lib')) if (name.endsWith('-linux-gnu')) folders.push(`/usr/lib/${name}`)
  return folders
}

const hasLibrary = (...names) => libraryFolders().some((folder) => names.some((name) => existsSync(join(folder, name))))
const hasIcd = () =>
  ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].some((f) => existsSync(f) && readdirSync(f).length > 0)
const hasFile = (name) =>
  libraryFolders().some((folder) => existsSync(folder) && readdirSync(folder).some((file) => name.test(file)))
const multipliesBf16 = () =>
  existsSync('/proc/cpuinfo') && /\b(avx512_bf16|amx_bf16)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
const onPath = (program) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)))
/** Daemons are where an ordinary user's PATH does not look. */
const onSystemPath = (program) => onPath(program) || existsSync(join('/usr/sbin', program))

const packages = [
  {
    name: 'libopenblas0-pthread',
    present: () => hasLibrary('openblas-pthread/libopenblas.so.0'),
    why: 'matrix products at full speed on the CPU (without it the built-in WebAssembly kernels take about twice as long)',
  },
  {
    name: 'libdnnl3.6',
    present: () => !multipliesBf16() || hasFile(/^libdnnl\.so\.3/),
    why: 'oneDNN multiplies bf16 at least twice as fast as f32 on this processor',
    apart: true,
  },
  { name: 'libvulkan1', present: () => hasLibrary('libvulkan.so.1'), why: 'WebGPU needs the Vulkan loader' },
  { name: 'mesa-vulkan-drivers', present: hasIcd, why: 'a Vulkan driver, on which the WebGPU kernels run' },
]
const testPackages = [
  {
    name: 'gcc',
    present: () => onPath('cc'),
    why: 'products of bf16 are tested by a library of their own on processors without them',
  },
  { name: 'libc6-dev', present: () => existsSync('/usr/include/stdlib.h'), why: 'its headers' },
  { name: 'slurmctld', present: () => onSystemPath('slurmctld'), why: 'sweeps are tested against a real Slurm' },
  { name: 'slurmd', present: () => onSystemPath('slurmd'), why: 'its node' },
  { name: 'slurm-client', present: () => onPath('sbatch'), why: 'its commands' },
  {
    name: 'chromium-headless-shell',
    // Older releases have only the whole browser, whose pages take three times as long to start.
    otherwise: 'chromium',
    present: () => onPath('chromium-headless-shell') || onPath('chromium'),
    why: 'the tests of the views run in it',
    apart: true,
  },
  {
    name: 'chromium-common',
    present: () => existsSync('/usr/lib/chromium/vk_swiftshader_icd.json'),
    why: 'it has SwiftShader, the second Vulkan driver on which the WebGPU kernels are tested',
    apart: true,
  },
  {
    name: 'fonts-dejavu-core',
    present: () => existsSync('/usr/share/fonts/truetype/dejavu'),
    why: 'text in screenshots',
  },
]

function installModules() {
  const stamp = join(root, 'node_modules/.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs) return
  console.log('installing npm packages')
  const { status } = run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
  if (status !== 0) process.exit(status ?? 1)
}

function isDebian() {
  return existsSync('/etc/debian_version') && onPath('apt-get')
}

/** Installs in one call, except those `apart`, whose names change between releases: one that is unknown would stop the others. */
function installSystemPackages(missing) {
  console.log(`installing ${missing.map((p) => p.name).join(', ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] }
  run('apt-get', ['update', '-qq'], quiet)
  const install = (...names) =>
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], quiet).status === 0
  const without = (...names) => console.log(`could not install ${names.join(' ')}; continuing without`)
  const together = missing.filter((p) => !p.apart).map((p) => p.name)
  if (together.length > 0 && !install(...together)) without(...together)
  for (const { name, otherwise } of missing.filter((p) => p.apart))
    if (!install(name) && !(otherwise && install(otherwise))) without(name)
}

function systemPackages() {
  if (process.platform !== 'linux') {
    if (process.platform === 'win32')
      console.log('note: no BLAS was looked for on Windows; the built-in kernels are used')
    return
  }
  const missing = [...packages, ...(forTests ? testPackages : [])].filter((p) => !p.present())
  if (missing.length === 0) return
  if (isDebian() && process.getuid?.() === 0) return installSystemPackages(missing)
  for (const { name, why } of missing) console.log(`missing: ${name}: ${why}. On Debian: sudo apt-get install ${name}`)
}

const [major, minor] = process.versions.node.split('.').map(Number)
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: SparseScope needs ${engines.node}`)
  process.exit(2)
}
installModules()
if (!process.argv.includes('--modules')) systemPackages()
