// Whole recipes to begin with. They are offered by the server, and carry no prefix for the editor, which would offer them
// inside every value; "Snippets: Fill File with Snippet" has them all the same.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompletionItemKind, InsertTextFormat } from 'vscode-languageserver/node'
import type { CompletionItem, Position } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'

interface Snippet {
  description: string
  body: string[]
  isFileTemplate?: boolean
}

export type Templates = readonly { name: string; description: string; text: string }[]

/** `root`: the extension's folder. */
export function readTemplates(root: string): Templates {
  try {
    const text = readFileSync(join(root, 'syntaxes', 'prune-recipe.snippets.json'), 'utf8')
    return Object.entries(JSON.parse(text) as Record<string, Snippet>).flatMap(([name, snippet]) =>
      snippet.isFileTemplate ? [{ name, description: snippet.description, text: `${snippet.body.join('\n')}\n` }] : [],
    )
  } catch {
    return []
  }
}

/** While nothing but comments and the beginnings of one word is there. */
export function templateItems(templates: Templates, document: TextDocument, position: Position): CompletionItem[] {
  const written = document.getText().replace(/^\s*#.*$/gm, '')
  const line = document.getText({ start: { line: position.line, character: 0 }, end: position })
  if (!/^\s*[\w-]*\s*$/.test(written) || !/^[\w-]*$/.test(line)) return []
  const range = { start: { line: position.line, character: 0 }, end: position }
  return templates.map(({ name, description, text }) => ({
    label: name,
    detail: description,
    kind: CompletionItemKind.Snippet,
    insertTextFormat: InsertTextFormat.Snippet,
    textEdit: { range, newText: text },
  }))
}
