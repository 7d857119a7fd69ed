// docs/settings.md: the settings and commands of the extension, from package.json and its texts.
interface Setting {
  readonly type: string
  readonly default: unknown
  readonly enum?: readonly string[]
  readonly markdownDescription?: string
  readonly description?: string
}

export interface Manifest {
  readonly contributes: {
    readonly configuration: readonly { title: string; properties: Readonly<Record<string, Setting>> }[]
    readonly commands: readonly { command: string; title: string; category?: string }[]
  }
}

const heading = `# Settings and commands

This page is made from \`package.json\` by \`npm run generate\`.`

const cell = (text: string) => text.replaceAll('|', '\\|')
const table = (head: string, rows: readonly string[]) => [head, head.replace(/[^|]+/g, '---'), ...rows].join('\n')

/** The page. `texts`: package.nls.json. */
export function settingsMarkdown({ contributes }: Manifest, texts: Readonly<Record<string, string>>): string {
  const text = (value = '') => value.replace(/^%(.+)%$/, (whole, key: string) => texts[key] ?? whole)
  const settings = contributes.configuration.map(({ title, properties }) => {
    const rows = Object.entries(properties).map(([name, setting]) => {
      const { type, enum: values, default: value } = setting
      const kind = values ? values.map((one) => `\`${one}\``).join(', ') : type
      const about = text(setting.markdownDescription ?? setting.description)
      return `| \`${name}\` | ${kind} | \`${JSON.stringify(value)}\` | ${cell(about)} |`
    })
    return `### ${text(title)}\n\n${table('| setting | values | default | |', rows)}`
  })
  const commands = contributes.commands.map(
    ({ command, title, category }) => `| ${cell(`${text(category)}: ${text(title)}`)} | \`${command}\` |`,
  )
  return [heading, '## Settings', ...settings, '## Commands', table('| command | id |', commands)].join('\n\n') + '\n'
}
