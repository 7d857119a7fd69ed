// Contributions of the agents' tools to package.json, made from their table (src/agents/tools.ts).
import * as z from 'zod'

/** The manifest and its texts with all tools; everything else in them stays. */
export function withTools(manifest, texts, tools, prefix) {
  const key = (name, what) => `tool.${name}.${what}`
  const made = tools.map(({ name, when, about, icon, input, needsTrust }) => {
    const { $schema: _, ...inputSchema } = z.toJSONSchema(input, { io: 'input' })
    return {
      name: prefix + name,
      toolReferenceName: name,
      displayName: `%${key(name, 'title')}%`,
      userDescription: `%${key(name, 'about')}%`,
      modelDescription: `${about} ${when}`,
      icon,
      canBeReferencedInPrompt: true,
      tags: ['sparsescope', 'pruning', 'language-models'],
      ...(needsTrust && { when: 'isWorkspaceTrusted' }),
      inputSchema,
    }
  })
  const others = Object.entries(texts).filter(([name]) => !name.startsWith('tool.'))
  const own = tools.flatMap(({ name, title, about }) => [
    [key(name, 'title'), title],
    [key(name, 'about'), about],
  ])
  return {
    manifest: { ...manifest, contributes: { ...manifest.contributes, languageModelTools: made } },
    texts: Object.fromEntries([...others, ...own]),
  }
}
