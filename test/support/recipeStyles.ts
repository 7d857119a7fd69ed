// The same recipe as other people write it: in blocks, with comments, anchors, tags or Windows' line ends.
import { parseDocument, visit } from 'yaml'

function rewritten(text: string, change: (document: ReturnType<typeof parseDocument>) => void, indent = 2): string {
  const document = parseDocument(text)
  visit(document, {
    Collection: (_, node) => {
      node.flow = false
    },
  })
  change(document)
  return document.toString({ indent, indentSeq: indent === 2, lineWidth: 0 })
}
const none = () => undefined
const block = (text: string) => rewritten(text, none)

export const recipeStyles: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'in blocks': block,
  'indented by four': (text) => rewritten(text, none, 4),
  'without a last line end': (text) => block(text).trimEnd(),
  'with CRLF': (text) => block(text).replaceAll('\n', '\r\n'),
  'with comments': (text) => block(text).replace(/(?<=[^|>\s])$/gm, ' # why'),
  'with anchors': (text) =>
    rewritten(text, (document) => {
      let count = 0
      visit(document, {
        Collection: (_, node) => {
          node.anchor = `a${count++}`
        },
      })
    }),
  'with tags': (text) =>
    rewritten(text, (document) =>
      visit(document, {
        Scalar: (key, node) => {
          if (key !== 'key' && typeof node.value === 'string') node.tag = 'tag:yaml.org,2002:str'
          if (key !== 'key' && typeof node.value === 'number')
            node.tag = `tag:yaml.org,2002:${Number.isInteger(node.value) ? 'int' : 'float'}`
        },
      }),
    ),
}

/** A text in all styles; a text that the parser refuses stays in its own only. */
export function inAllStyles(text: string): [style: string, text: string][] {
  const readable = parseDocument(text).errors.length === 0
  const styles = Object.entries(recipeStyles).filter(([style]) => readable || style === 'as it is')
  return styles.map(([style, write]) => [style, write(text)])
}
