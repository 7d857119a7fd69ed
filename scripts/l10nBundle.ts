// The texts of the extension that can be translated: every first argument of `vscode.l10n.t` in src/extension. A translation is a file
// beside the generated one, such as l10n/bundle.l10n.de.json, with the same keys.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const isTranslated = (callee: string) => callee === 't' || callee.endsWith('l10n.t')

/** JSON of the texts under `folder`, sorted, each with itself as its English text. @throws for a text that is not a literal. */
export function l10nBundle(folder: string): string {
  const texts = new Set<string>()
  const visit = (node: ts.Node, source: ts.SourceFile): void => {
    if (ts.isCallExpression(node) && isTranslated(node.expression.getText(source))) {
      const [text] = node.arguments
      if (!ts.isStringLiteralLike(text)) throw new Error(`${source.fileName}: ${text.getText(source)} is not a literal`)
      texts.add(text.text)
    }
    ts.forEachChild(node, (child) => visit(child, source))
  }
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.ts'))) {
    const path = join(folder, name)
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
    visit(source, source)
  }
  return JSON.stringify(Object.fromEntries([...texts].sort().map((text) => [text, text])), null, 2)
}
