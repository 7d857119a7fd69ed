// Type-checks every runtime with its own tsconfig, in one process, so that what several of them read is parsed and bound once.
// Folders that hold no TypeScript yet are skipped. What has not changed since the last time is not looked at again.
import { existsSync } from 'node:fs'
import ts from 'typescript'

const projects = [
  'src/shared',
  'src/engine',
  'src/cli',
  'src/backend',
  'src/server',
  'src/extension',
  'webview-ui',
  'test',
  'test/integration/backend',
  'test/integration/host',
]

/** By what a file is parsed as. Projects read the same files with the same settings of language. */
const parsed = new Map()

function hostOf(options) {
  const host = ts.createIncrementalCompilerHost(options)
  const parse = host.getSourceFile
  host.getSourceFile = (path, how, ...rest) => {
    const format =
      typeof how === 'object' ? `${how.languageVersion} ${how.impliedNodeFormat} ${how.jsDocParsingMode}` : how
    const key = `${path} ${format}`
    if (!parsed.has(key)) parsed.set(key, parse(path, how, ...rest))
    return parsed.get(key)
  }
  return host
}

/** What is wrong with a project. */
function check(project, config) {
  const kept = { incremental: true, tsBuildInfoFile: `out/typecheck/${project.replaceAll('/', '-')}.json` }
  const problems = []
  const system = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (problem) => problems.push(problem) }
  const command = ts.getParsedCommandLineOfConfigFile(config, kept, system)
  // TS18003: the folder has no inputs yet.
  if (!command || command.errors.some(({ code }) => code === 18003)) return problems
  const { fileNames: rootNames, options, errors } = command
  const program = ts.createIncrementalProgram({ rootNames, options, host: hostOf(options) })
  problems.push(...errors, ...program.getOptionsDiagnostics(), ...program.getSyntacticDiagnostics())
  problems.push(...program.getGlobalDiagnostics(), ...program.getSemanticDiagnostics())
  // Nothing but what is known for the next time.
  program.emit()
  return problems
}

const format = {
  getCurrentDirectory: () => process.cwd(),
  getCanonicalFileName: (path) => path,
  getNewLine: () => '\n',
}
let failed = false
for (const project of projects) {
  const config = `${project}/tsconfig.json`
  if (!existsSync(config)) continue
  const problems = check(project, config)
  if (problems.length === 0) continue
  process.stdout.write(ts.formatDiagnostics(problems, format))
  failed = true
}
process.exit(failed ? 1 : 0)
