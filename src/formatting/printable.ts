// Text for a terminal. Paths, names and values come from sources that may be hostile: an escape sequence in a tensor's name
// could move the cursor, change the clipboard or hide a line, and a direction mark could show a name backwards.

/** Controls except tab and line break, DEL and C1, direction marks, separators that break lines, lone surrogates. */
const unsafe = /(?![\n\t])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu

/** Escapes every such character, as `\u001b`. JSON text keeps its meaning. */
export function printable(text: string): string {
  return text.replace(unsafe, escape)
}

/** The same on one line: tabs and line breaks are escaped, too. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t')
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** One word of a command line for a POSIX shell: quoted unless no character of it has a meaning there. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** One line of text in Markdown, whatever it contains. */
export function asMarkdown(text: string): string {
  return text.replace(/([\\|`*_<>[\]])/g, '\\$1').replace(/\s+/g, ' ')
}
