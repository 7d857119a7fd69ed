// docs/cli.md: every command with its arguments, options and examples, from the commands themselves.
import type { Argument, Command, Option } from 'commander'
import { commands } from '../src/cli/program.ts'

const heading = `# Command line

This page is made from the commands themselves, by \`npm run generate\`. \`sparsescope COMMAND --help\` shows the same.

Exit codes: 0 done; 1 the job failed; 2 bad usage or bad input, with one line that says what is wrong, where, and how to fix it; 3 findings, of \`lint\` and of
\`compare --expect\`; 130 cancelled. Results go to stdout, progress to stderr. Ctrl-C ends a command within a second, a sweep within two, and leaves no half-written file.
`

/** A table's cell: a bar would end it, a star would begin emphasis, and \`<…>\` would be read as HTML outside of code. */
const cell = (text: string) => text.replace(/[|*]/g, '\\$&').replace(/<([^>]+)>/g, '`<$1>`')
const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``

/** Describes an option as commander's help does: the description, then its choices and its default. */
function about({ description, argChoices, defaultValue, defaultValueDescription }: Option | Argument): string {
  const facts = [
    argChoices ? `one of ${argChoices.join(', ')}` : '',
    defaultValue === undefined || defaultValue === false || (Array.isArray(defaultValue) && defaultValue.length === 0)
      ? ''
      : `default ${defaultValueDescription ?? String(defaultValue)}`,
  ].filter(Boolean)
  return cell(`${description}${facts.length === 0 ? '' : `; ${facts.join('; ')}`}`)
}

const visible = ({ options }: Command) => options.filter(({ hidden }) => !hidden)
/** Options that every command has are listed once. */
const shared = visible(commands[0]).filter(({ flags }) =>
  commands.every((command) => command.options.some((option) => option.flags === flags)),
)
const isShared = ({ flags }: Option) => shared.some((option) => option.flags === flags)

const table = (head: string, rows: readonly (readonly [string, string])[]) =>
  [`| ${head} | |`, '|---|---|', ...rows.map(([name, text]) => `| ${code(name)} | ${text} |`)].join('\n')

/** Every command adds its examples to its help, one a line behind a prompt. */
function examplesOf(command: Command): string[] {
  let help = ''
  const { writeOut } = command.configureOutput()
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
  command.configureOutput({ writeOut })
  return [...help.matchAll(/^ +\$ (sparsescope .+)$/gm)].map(([, example]) => example)
}

function sectionOf(command: Command): string {
  const usage = `sparsescope ${command.name()} ${command.usage()}`
  const options = visible(command).filter((option) => !isShared(option))
  return [
    `## ${command.name()}`,
    `${command.description().replace(/^./, (letter) => letter.toUpperCase())}.`,
    `\`\`\`text\n${usage}\n\`\`\``,
    ...(command.registeredArguments.length === 0
      ? []
      : [
          table(
            'argument',
            command.registeredArguments.map((argument) => [argument.name(), about(argument)]),
          ),
        ]),
    ...(options.length === 0
      ? []
      : [
          table(
            'option',
            options.map((option) => [option.flags, about(option)]),
          ),
        ]),
    '<!-- not run: needs models and runs of your own -->',
    `\`\`\`\n${examplesOf(command).join('\n')}\n\`\`\``,
  ].join('\n\n')
}

/** The whole page. */
export function cliMarkdown(): string {
  const common = `## Options that every command has\n\n${table(
    'option',
    shared.map((option) => [option.flags, about(option)]),
  )}`
  return `${[heading.trimEnd(), common, ...commands.map(sectionOf)].join('\n\n')}\n`
}
