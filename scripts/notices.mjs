// THIRD_PARTY_NOTICES: name, version, licence and its text for every npm package that a bundle of dist/ contains or that is shipped beside it.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packages with native code, which are shipped beside the bundles. */
const beside = ['koffi', 'webgpu']

/**
 * Folders of the packages whose files went into bundles, such as `node_modules/@scope/name`.
 * @param {readonly import('esbuild').Metafile[]} metafiles
 */
export function packageFolders(metafiles) {
  const folders = new Set(beside.map((name) => `node_modules/${name}`))
  for (const { inputs } of metafiles)
    for (const path of Object.keys(inputs)) {
      const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []
      if (folder) folders.add(folder)
    }
  return [...folders].filter((folder) => existsSync(join(root, folder, 'package.json')))
}

/** Whether a file holds a licence or the notices of a package: `LICENSE.txt`, `dxcompiler-ThirdPartyNotices.txt`. */
export const isLicence = (name) => /^(\w+-)?(licen[cs]e|notice|copying|thirdpartynotices)\b/i.test(name)

/** Texts of a package's licences, each once. Native code contains more than the package names: also those in its folders. */
function licencesOf(folder) {
  const isNative = beside.some((name) => folder.endsWith(`node_modules/${name}`))
  const files = readdirSync(join(root, folder), { recursive: isNative, encoding: 'utf8' })
  const texts = files
    .filter((file) => isLicence(basename(file)) && !file.includes('node_modules'))
    .sort()
    .map((file) => readFileSync(join(root, folder, file), 'utf8').trim())
  return [...new Set(texts)]
}

/** The text of the file. @param {readonly string[]} folders */
export function noticesOf(folders) {
  const parts = new Map()
  for (const folder of folders) {
    const { name, version, license, author, repository } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    )
    const texts = licencesOf(folder)
    const holder = typeof author === 'string' ? author : author?.name
    const address = typeof repository === 'string' ? repository : repository?.url
    const origin = [holder, address].filter(Boolean).join(', ')
    if (texts.length === 0) texts.push(`The package has no licence text; it names the licence ${license}.`)
    parts.set(`${name} ${version}`, [`${name} ${version} (${license})`, origin, '', ...texts].join('\n'))
  }
  const title = 'SparseScope contains the following software of others, under the licences given here.'
  const rule = `\n\n${'-'.repeat(80)}\n\n`
  return `${[title, ...[...parts].sort(([a], [b]) => a.localeCompare(b)).map(([, part]) => part)].join(rule)}\n`
}
