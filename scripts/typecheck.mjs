// Type-checks every runtime with its own tsconfig, in one process, so that what several of them read is parsed and bound once.
// A file is checked in the project that it belongs to, not again wherever it is imported (a quarter of the time on a fresh clone).
// Folders that hold no TypeScript yet are skipped. What has not changed since the last time is not looked at again.
import { existsSync } from 'node:fs'
import ts from 'typescript'

const projects = [
  'src/shared',
  'src/system',
  'src/runs',
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

const format = {
  getCurrentDirectory: () => process.cwd(),
  getCanonicalFileName: (path) => path,
  getNewLine: () => '\n',
}

/** Parsed files by path and format, which projects share. */
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

/** A project's command line, or nothing where its folder has no inputs yet (TS18003). */
function commandOf(project) {
  const config = `${project}/tsconfig.json`
  if (!existsSync(config)) return
  const kept = { incremental: true, tsBuildInfoFile: `out/typecheck/${project.replaceAll('/', '-')}.json` }
  const system = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic(problem) {
      process.stdout.write(ts.formatDiagnostic(problem, format))
      process.exit(1)
    },
  }
  const command = ts.getParsedCommandLineOfConfigFile(config, kept, system)
  if (command && !command.errors.some(({ code }) => code === 18003)) return command
}

/** Problems of a project: in its own files, and in those that it imports and no project owns. */
function check({ fileNames: rootNames, options, errors }, owned) {
  const program = ts.createIncrementalProgram({ rootNames, options, host: hostOf(options) })
  const problems = [...errors, ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()]
  const roots = new Set(rootNames)
  const others = ({ fileName }) => owned.has(fileName) && !roots.has(fileName)
  // Files that changed since the last time are checked here, the rest is remembered.
  while (program.getSemanticDiagnosticsOfNextAffectedFile(undefined, others));
  for (const file of program.getSourceFiles()) {
    if (!others(file)) problems.push(...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file))
  }
  // Emits only the build information for the next time.
  program.emit()
  return problems
}

const commands = projects.map(commandOf).filter((command) => command !== undefined)
const owned = new Set(commands.flatMap(({ fileNames }) => fileNames))
let failed = false
for (const command of commands) {
  const problems = check(command, owned)
  if (problems.length === 0) continue
  process.stdout.write(ts.formatDiagnostics(problems, format))
  failed = true
}
process.exit(failed ? 1 : 0)
