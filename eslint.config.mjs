import { readdirSync, readFileSync } from 'node:fs'
import eslint from '@eslint/js'
import tseslint from 'typescript-eslint'
import importX from 'eslint-plugin-import-x'
import globals from 'globals'

/** Folders are runtimes and imports run one way (ARCHITECTURE.md). `from` may not import `target`. */
const zone = (target, from, except) => ({ target, from, except, message: 'imports run one way: see ARCHITECTURE.md' })
const engine = (folder, ...allowed) =>
  zone(`./src/engine/${folder}`, './src/engine', [`./${folder}`, ...allowed.map((a) => `./${a}`)])
const run = (folder, ...allowed) =>
  zone(
    `./src/engine/run/${folder}`,
    './src/engine/run',
    [folder, ...allowed].map((a) => `./${a}`),
  )
/**
 * Layers of a folder, lowest first: files or folders, each of which imports only from the layers below its own. The layer with '*' has
 * all that is not named.
 */
const floors = (folder, named) => {
  const others = readdirSync(folder).filter(
    (name) => !named.flat().includes(name) && !/^(tsconfig.*\.json|.*\.d\.ts)$/.test(name),
  )
  if (others.length > 0 && !named.flat().includes('*'))
    throw new Error(`${folder}/${others[0]} belongs to no layer: add it to one in eslint.config.mjs`)
  const levels = named.map((level) => level.flatMap((room) => (room === '*' ? others : [room])))
  const known = levels.flat()
  /** A named folder inside another one is not part of it. */
  const targetOf = (place) => {
    const inside = known.filter((other) => other.startsWith(`${place}/`)).map((other) => other.slice(place.length + 1))
    return inside.length === 0
      ? `${folder}/${place}`
      : [`${folder}/${place}/*.*`, `${folder}/${place}/!(${inside.join('|')})/**`]
  }
  return levels.flatMap((level, i) =>
    level.map((room) =>
      zone(
        targetOf(room),
        folder,
        [room, ...levels.slice(0, i).flat()].map((place) => `./${place}`),
      ),
    ),
  )
}
/** Code that runs in every process and in views: src/tsconfig.browser.json. */
const browserSafe = [
  'errors.ts',
  'formatting',
  'catalog',
  'recipe',
  'plan',
  'lint',
  'charts',
  'protocol',
  'runs/series',
  'runs/compared',
].map((place) => `./${place}`)
/** Names of the rows in a registry: methods, adapters, tasks. */
const rowsOf = (registry) => {
  const [, rows] = /export const \w+ = \{([^}]*)\} satisfies/.exec(readFileSync(registry, 'utf8')) ?? []
  return [...(rows ?? '').matchAll(/(\w+)(?=\s*[:,}]|\s*$)(?:\s*:\s*\w+)?/g)].map(([, name]) => name)
}
const rowNames = ['methods', 'allocations', 'adapters', 'tasks'].flatMap((kind) =>
  rowsOf(`src/catalog/${kind}/${kind}.ts`),
)
/** A name of a row where code decides by it: compared, switched on, or looked for in a list. */
const decidesByName = [
  'BinaryExpression[operator=/^[!=]==?$/] >',
  'SwitchCase >',
  "CallExpression[callee.property.name='includes'] >",
].map((place) => ({
  selector: `${place} Literal[value=/^(${rowNames.join('|')})$/]`,
  message:
    'put differences between methods, adapters and tasks into their rows (src/catalog) instead of comparing names',
}))
const base = ['errors.ts', 'machine.ts', 'breathe.ts', 'dtype.ts', 'readWasm.ts', 'rng.ts']

export default tseslint.config(
  { ignores: ['dist', 'dist-test', 'out', 'node_modules', 'src/engine/**/assembly', 'test/fixtures'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommended,
  {
    plugins: { 'import-x': importX },
    languageOptions: { globals: { ...globals.node } },
    rules: {
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 80, skipComments: true, skipBlankLines: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'import-x/no-default-export': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            // The table of contents of src, from the ground up (ARCHITECTURE.md).
            ...floors('./src', [
              ['errors.ts'],
              ['formatting'],
              ['catalog'],
              ['recipe'],
              ['plan'],
              ['lint'],
              ['system'],
              ['runs'],
              ['charts'],
              ['protocol'],
              ['engine'],
              ['agents'],
              ['cli', 'backend', 'server', 'extension', 'library'],
            ]),
            ...floors('./src/catalog', [
              ['formats', 'methods', 'adapters'],
              ['families', 'tasks', 'allocations', 'stages.ts'],
            ]),
            // What events add up to and runs side by side run in views too, and read no disk.
            zone('./src/runs/series', './src/runs', ['./series']),
            zone('./src/runs/compared', './src/runs', ['./compared', './series']),
            zone('./src/server', './src', [
              './server',
              ...browserSafe,
              './system',
              './engine/checkpoint',
              './engine/facts',
              './engine/errors.ts',
              './engine/dtype.ts',
              './engine/machine.ts',
            ]),
            // Headers of checkpoints, for the thread of the tree of models; the rest is the backend's.
            zone('./src/extension', './src', [
              './extension',
              ...browserSafe,
              './runs',
              './system/ownFile.ts',
              './system/handshake.ts',
              './engine/checkpoint/checkpoint.ts',
              './engine/checkpoint/inspection.ts',
              './engine/checkpoint/hubCache.ts',
              './engine/checkpoint/locate.ts',
              './engine/checkpoint/regularFile.ts',
              './engine/machine.ts',
            ]),
            zone('./webview-ui', './src', browserSafe),
            engine('compute', ...base),
            engine('checkpoint', ...base),
            engine('hub', ...base, 'checkpoint'),
            engine('text', ...base, 'checkpoint'),
            engine('facts', ...base, 'checkpoint'),
            engine('model', ...base, 'compute', 'checkpoint'),
            engine('convert', ...base, 'checkpoint', 'model', 'text'),
            engine('prune', ...base, 'compute', 'checkpoint', 'model'),
            engine('recover', ...base, 'compute', 'checkpoint', 'model', 'prune/mask.ts'),
            engine('evaluate', ...base, 'compute', 'checkpoint', 'model', 'text'),
            engine('generate', ...base, 'compute', 'checkpoint', 'model', 'text'),
            engine('blocks', ...base, 'compute', 'model', 'prune', 'recover'),
            ...floors('./src/extension', [
              ['contributions.ts', 'backend'],
              ['support'],
              ['services.ts'],
              ['models'],
              ['views'],
              ['recipe'],
              ['inspector', 'sweeps'],
              ['runs'],
              ['statusItem.ts', 'trainable'],
              ['commands'],
              ['agents'],
              ['extension.ts'],
            ]),
            run('state'),
            run('open', 'state'),
            run('origin', 'state', 'open'),
            run('phases', 'state', 'open', 'origin'),
            run('report', 'state', 'open', 'origin'),
          ],
        },
      ],
    },
  },
  {
    files: ['src/**', 'webview-ui/**'],
    ignores: [
      'src/catalog/{methods,allocations,adapters,tasks}/**',
      'src/engine/prune/methods/**',
      'src/engine/prune/allocations.ts',
      'src/engine/recover/adapters/**',
      'src/engine/evaluate/tasks/**',
    ],
    rules: { 'no-restricted-syntax': ['error', ...decidesByName] },
  },
  {
    files: ['test/**', 'bench/**', 'scripts/**', 'samples/**', '*.mjs'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      'max-lines-per-function': 'off',
      'import-x/no-default-export': 'off',
    },
  },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  { files: ['webview-ui/**', 'test/webview/**'], languageOptions: { globals: { ...globals.browser } } },
)
