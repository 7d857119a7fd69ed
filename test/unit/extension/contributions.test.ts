import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { targets } from '../../../scripts/buildTargets.mjs'
import { withTools } from '../../../scripts/toolManifest.mjs'
import { withViews } from '../../../scripts/viewManifest.mjs'
import { tools } from '../../../src/agents/tools.ts'
import { findingLine } from '../../../src/recipe/finding.ts'
import {
  commandIds,
  mcpProviderId,
  milestones,
  settingDefaults,
  settingWords,
  taskType,
  toolPrefix,
  treeIds,
} from '../../../src/extension/contributions.ts'
import { views } from '../../../src/protocol/view.ts'

const root = new URL('../../../', import.meta.url).pathname
const text = readFileSync(join(root, 'package.json'), 'utf8')
const nls = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Record<string, string>
interface Property {
  default: unknown
  enum?: string[]
}
interface Manifest {
  extensionKind: string[]
  capabilities: { untrustedWorkspaces: { supported: string } }
  contributes: {
    commands: { command: string; category?: string }[]
    configurationDefaults: { 'files.exclude': Record<string, boolean> }
    menus: Record<string, { command?: string; group?: string; when?: string }[]>
    configuration: { properties: Record<string, Property> }[]
    customEditors: { viewType: string; priority: string }[]
    views: Record<string, { id: string }[]>
    taskDefinitions: { type: string }[]
    problemMatchers: { name: string; pattern: Record<string, number> & { regexp: string } }[]
    languageModelTools: { name: string; toolReferenceName: string; icon: string; when?: string }[]
    mcpServerDefinitionProviders: { id: string }[]
    chatSkills: { path: string }[]
    walkthroughs: { steps: { completionEvents: string[]; media: { svg: string } }[] }[]
  }
}
const { contributes, extensionKind, capabilities } = JSON.parse(text) as Manifest

/** Everything that can read a setting: the extension itself, and the language server by its section. */
function sources(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => String(name).endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, String(name)), 'utf8'))
    .join('\n')
}

describe('package.json', () => {
  it('runs beside the files, opens a checkpoint by a click, and shows it without trust', () => {
    assert.deepEqual(extensionKind, ['workspace'])
    for (const { priority } of contributes.customEditors) assert.equal(priority, 'default')
    assert.equal(capabilities.untrustedWorkspaces.supported, 'limited')
  })

  it('hides folders of unfinished outputs in the Explorer', () => {
    const { configurationDefaults } = contributes
    assert.equal(configurationDefaults['files.exclude']['**/.*.partial-*'], true)
  })

  it('has exactly the commands of the code, in one category', () => {
    assert.deepEqual(contributes.commands.map((c) => c.command).sort(), [...commandIds].sort())
    for (const { command, category } of contributes.commands) assert.equal(category, '%category%', command)
  })

  it('a row of the experiments can be opened, compared and, when its run is done, tried out', () => {
    const of = (section: string) =>
      contributes.menus['webview/context'].flatMap(({ command, when = '' }) =>
        when.includes(`'${section}'`) || (section.startsWith('run.') && when.includes('/^run')) ? [command] : [],
      )
    const always = ['sparsescope.compareRuns', 'sparsescope.openRun']
    assert.deepEqual([of('run.done').sort(), of('run.begun').sort()], [[...always, 'sparsescope.tryOut'], always])
  })

  it('a model in the Models view can be pruned and recovered as in the Explorer', () => {
    const running = (menu: string, shown: string) =>
      contributes.menus[menu].flatMap(({ command, group = '', when = '' }) =>
        group.startsWith('2_run') && when.includes(shown) ? [command] : [],
      )
    const inExplorer = running('sparsescope.explorer', 'isWorkspaceTrusted')
    assert.deepEqual(running('view/item/context', 'sparsescope.models'), inExplorer)
    assert.deepEqual(inExplorer, ['sparsescope.prune', 'sparsescope.recover'])
  })

  it('has in package.json what the rows of the views say (npm run generate)', () => {
    const manifest: unknown = JSON.parse(text)
    assert.deepEqual(withViews(manifest, nls, views), { manifest, texts: nls })
  })

  it('has in package.json what the table of agent tools says (npm run generate)', () => {
    const manifest: unknown = JSON.parse(text)
    assert.deepEqual(withTools(manifest, nls, tools, toolPrefix), { manifest, texts: nls })
    const names = contributes.languageModelTools.map(({ name }) => name)
    for (const name of names) assert.match(name, /^sparsescope_[a-z_]+$/)
    assert.equal(new Set(names).size, 7)
  })

  it('without trust, agents have only the tools that read', () => {
    const trusted = contributes.languageModelTools.filter(({ when }) => when === 'isWorkspaceTrusted')
    assert.deepEqual(
      trusted.map(({ toolReferenceName }) => toolReferenceName),
      ['run_recipe', 'generate_samples'],
    )
  })

  it('names a server for agents that the code registers, and a skill whose folder has its name', () => {
    assert.deepEqual(
      contributes.mcpServerDefinitionProviders.map(({ id }) => id),
      [mcpProviderId],
    )
    for (const { path } of contributes.chatSkills) {
      const [, name] = /^---\nname: (.+)\n/.exec(readFileSync(join(root, path), 'utf8')) ?? []
      assert.equal(path, `./skills/${name}/SKILL.md`)
    }
  })

  it('gets from a new row the command, its menus and a tab that comes back', () => {
    const opens = { command: 'sparsescope.x', title: 'X', menus: { commandPalette: [{ when: 'false' }] } }
    const made = withViews(JSON.parse(text), nls, { ...views, x: { type: 'sparsescope.x', restored: true, opens } })
    const manifest = made.manifest as Manifest & { activationEvents: string[] }
    assert.ok(manifest.activationEvents.includes('onWebviewPanel:sparsescope.x'))
    assert.deepEqual(
      manifest.contributes.commands.filter((c) => c.command === 'sparsescope.x'),
      [{ command: 'sparsescope.x', title: '%command.x%', category: '%category%' }],
    )
    assert.deepEqual(
      manifest.contributes.menus.commandPalette.filter((item) => item.command === 'sparsescope.x'),
      [{ command: 'sparsescope.x', when: 'false' }],
    )
    assert.equal(made.texts['command.x'], 'X')
  })

  it('has a page for every view, and a row for every page', () => {
    const pages = Object.values(targets).flatMap(({ outfile }) => /^dist\/webview\/(.+)\.js$/.exec(outfile)?.[1] ?? [])
    assert.deepEqual(pages.sort(), Object.keys(views).sort())
  })

  it('the title of the inspector has icons for comparing, trying and exporting, in this order', () => {
    const title = contributes.menus['editor/title'] as { command: string; group: string; when: string }[]
    const icons = title.filter(({ group, when }) => group.startsWith('navigation@') && when.includes('checkpoint'))
    assert.deepEqual(
      icons.sort((a, b) => a.group.localeCompare(b.group)).map(({ command }) => command),
      ['sparsescope.compareWithSelected', 'sparsescope.tryOut', 'sparsescope.exportView'],
    )
    const drawn = contributes.commands as { command: string; icon?: string }[]
    for (const { command } of icons) assert.ok(drawn.find((one) => one.command === command)?.icon, command)
  })

  it('menus and walkthroughs name only commands that exist', () => {
    const known = new Set<string>(commandIds)
    const named = Object.values(contributes.menus).flatMap((items) => items.flatMap((i) => i.command ?? []))
    const links = [
      ...Object.values(nls)
        .join()
        .matchAll(/\(command:(sparsescope\.\w+)\)/g),
    ].map((m) => m[1])
    assert.ok(links.length > 0)
    assert.deepEqual(
      [...named, ...links].filter((id) => !known.has(id)),
      [],
    )
  })

  it('no text offers both Prune… and New Recipe, which write the same recipe', () => {
    for (const shown of Object.values(nls))
      assert.ok(!/:sparsescope\.prune\b[^]*:sparsescope\.newRecipe\b/.test(shown), shown)
  })

  it('no menu has a command twice at one place', () => {
    for (const [menu, items] of Object.entries(contributes.menus)) {
      const places = items.map(({ command, group = '', when = '' }) =>
        [command, group.startsWith('inline'), when].join(),
      )
      assert.equal(new Set(places).size, places.length, menu)
    }
  })

  it('a step of the walkthrough is done when something worked, not when a button was pressed', () => {
    const events = contributes.walkthroughs.flatMap((w) => w.steps.flatMap((s) => s.completionEvents))
    assert.deepEqual(
      events,
      milestones.map((milestone) => `onContext:sparsescope.did.${milestone}`),
    )
    const code = sources('src/extension')
    for (const milestone of milestones) assert.ok(code.includes(`reached('${milestone}')`), milestone)
  })

  it('has no Markdown in plain text', () => {
    const markdown = new Set([...text.matchAll(/"markdownDescription": "%([\w.]+)%"/g)].map((m) => m[1]))
    for (const [key, shown] of Object.entries(nls))
      if (!markdown.has(key)) assert.doesNotMatch(shown, /[`*]{1,2}\w/, key)
  })

  it('has a problem matcher that reads the output of `sparsescope lint`', () => {
    const [{ name, pattern }] = contributes.problemMatchers
    assert.equal(name, 'prune-recipe')
    const start = { line: 3, character: 11 }
    const finding = {
      file: 'my recipes/c:d.prune.yaml',
      rule: 'T1',
      name: 'target-matches-nothing',
      severity: 'error' as const,
      message: 'no module: 2 asked',
      path: ['model'],
      range: { start, end: start },
      fixes: [],
    }
    const found = new RegExp(pattern.regexp).exec(findingLine(finding))
    const groups = ['file', 'line', 'column', 'severity', 'code', 'message']
    assert.deepEqual(
      groups.map((group) => found?.[pattern[group]]),
      ['my recipes/c:d.prune.yaml', '4', '12', 'error', 'target-matches-nothing', 'no module: 2 asked'],
    )
  })

  it('has each %key% in package.nls.json, whose strings are all used', () => {
    const used = new Set([...text.matchAll(/"%([\w.]+)%"/g)].map((m) => m[1]))
    assert.deepEqual(
      [...used].filter((key) => !(key in nls)),
      [],
    )
    assert.deepEqual(
      Object.keys(nls).filter((key) => !used.has(key)),
      [],
    )
  })

  it('has only settings that are read, with their defaults', () => {
    const properties = Object.assign({}, ...contributes.configuration.map((c) => c.properties)) as Record<
      string,
      Property
    >
    const extension = sources('src/extension')
    const server = sources('src/server')
    for (const [id, { default: shown, enum: words }] of Object.entries(properties)) {
      const key = id.replace('sparsescope.', '')
      if (key.startsWith('recipe.')) {
        assert.ok(server.includes(key.replace('recipe.', '')), `the server does not read ${id}`)
        continue
      }
      assert.ok(key in settingDefaults, `${id} is not in settingDefaults`)
      assert.deepEqual(settingDefaults[key as keyof typeof settingDefaults], shown, id)
      // Its default and its words name it too.
      assert.ok(extension.split(`'${key}'`).length > (words ? 3 : 2), `nothing reads ${id}`)
      assert.deepEqual(settingWords[key as keyof typeof settingDefaults], words, id)
    }
    for (const key of Object.keys(settingDefaults)) assert.ok(`sparsescope.${key}` in properties, key)
  })

  it('has the identifiers of the code for views, editors and tasks', () => {
    assert.deepEqual(
      contributes.customEditors.map((e) => e.viewType),
      [views.inspector.type],
    )
    assert.deepEqual(
      contributes.views.sparsescope.map((v) => v.id),
      Object.values(treeIds),
    )
    assert.deepEqual(
      contributes.taskDefinitions.map((t) => t.type),
      [taskType],
    )
  })

  it('has pictures of the walkthrough that exist', () => {
    const pictures = contributes.walkthroughs.flatMap((w) => w.steps.map((s) => s.media.svg))
    for (const picture of pictures) assert.match(readFileSync(join(root, picture), 'utf8'), /^<svg/)
  })
})
