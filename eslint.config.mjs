import eslint from '@eslint/js'
import tseslint from 'typescript-eslint'
import importX from 'eslint-plugin-import-x'
import globals from 'globals'

/** Folders are runtimes and imports run one way (ARCHITECTURE.md). `from` may not import `target`. */
const zone = (target, from, except) => ({ target, from, except, message: 'imports run one way: see ARCHITECTURE.md' })
const engine = (folder, ...allowed) =>
  zone(`./src/engine/${folder}`, './src/engine', [`./${folder}`, ...allowed.map((a) => `./${a}`)])
const base = ['errors.ts', 'killPoint.ts', 'breathe.ts', 'dtype.ts', 'rng.ts', 'startWorker.ts']

export default tseslint.config(
  { ignores: ['dist', 'dist-test', 'out', 'node_modules', 'src/engine/compute/cpu/assembly', 'test/fixtures'] },
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
            zone('./src/shared', './src', ['./shared']),
            zone('./src/engine', './src', ['./engine', './shared']),
            zone('./src/cli', './src', ['./cli', './engine', './shared']),
            zone('./src/backend', './src', ['./backend', './engine', './shared']),
            zone('./src/server', './src', [
              './server',
              './shared',
              './engine/checkpoint',
              './engine/facts',
              './engine/errors.ts',
              './engine/dtype.ts',
            ]),
            zone('./src/extension', './src', ['./extension', './shared']),
            zone('./webview-ui', './src', ['./shared']),
            engine('compute', ...base),
            engine('checkpoint', ...base),
            engine('text', ...base, 'checkpoint'),
            engine('facts', ...base, 'checkpoint'),
            engine('model', ...base, 'compute', 'checkpoint'),
            engine('prune', ...base, 'compute', 'checkpoint', 'model'),
            engine('recover', ...base, 'compute', 'checkpoint', 'model', 'prune/mask.ts'),
            engine('evaluate', ...base, 'compute', 'checkpoint', 'model', 'text'),
          ],
        },
      ],
    },
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
