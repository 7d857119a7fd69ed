// References between the repository's files: files that comments name, headings of documents, links in Markdown.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** A file of the repository by its path from the root, with its text. */
export type Sources = ReadonlyMap<string, string>

const skipped = new Set(['node_modules', 'dist', 'dist-test', 'coverage', 'out', '.git', '.sparsescope', '.cache'])

/** Paths of all files below a folder, from the root of the repository, with `/`. */
export function filesBelow(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(root, path)
    return entry.isFile() ? [path] : []
  })
}

export function readAll(root: string, paths: readonly string[]): Sources {
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

/** The comments of a source, a run of comment lines as one line of text. */
export function commentsOf(source: string): string[] {
  const comments: string[] = []
  let open = false
  for (const line of source.split('\n')) {
    const text = /^\s*(?:\/\/\/?|\/\*\*?|\*\/|\*|#)\s?(.*?)(?:\*\/)?\s*$/.exec(line)?.[1]
    const trailing = text === undefined ? /\s(?:\/\/|\/\*\*?)\s(.*)$/.exec(line)?.[1] : undefined
    if (text !== undefined && open) comments[comments.length - 1] += ` ${text}`
    else if (text !== undefined || trailing !== undefined) comments.push(text ?? trailing ?? '')
    open = text !== undefined && !line.trimEnd().endsWith('*/')
  }
  return comments
}

/** Fenced blocks and code spans are no prose: nothing in them is a link or a heading. */
function withoutCode(markdown: string): string {
  return markdown.replace(/^( *)(`{3,}|~{3,})[\s\S]*?^ *\2\s*$/gm, '').replace(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, '')
}

/** Texts of the headings, without marks. */
export function headingsOf(markdown: string): string[] {
  const prose = markdown.replace(/^( *)(`{3,}|~{3,})[\s\S]*?^ *\2\s*$/gm, '')
  return [...prose.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, text]) => text.replace(/[`*]|\[|\]\([^)]*\)/g, ''))
}

/** Anchors as GitHub makes them: lower case, without punctuation, blanks as hyphens, repeats numbered. */
export function anchorsOf(markdown: string): Set<string> {
  const seen = new Map<string, number>()
  return new Set(
    headingsOf(markdown).map((heading) => {
      const slug = heading
        .toLowerCase()
        .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
        .replaceAll(' ', '-')
      const before = seen.get(slug) ?? 0
      seen.set(slug, before + 1)
      return before === 0 ? slug : `${slug}-${before}`
    }),
  )
}

/** Comments that begin in the middle of a thought, such as "Of the run.", where a sentence should say what the code is. */
export function halfSentences(path: string, source: string): string[] {
  const halves = commentsOf(source).filter((comment) => /^\s*(?:Of|Said) /.test(comment))
  return halves.map((comment) => `${path}: ${comment.trim()}`)
}

/** Sentences about what the comments of a source name and the repository has not: a Markdown file, or a heading of one. */
export function badReferences(path: string, source: string, documents: Sources): string[] {
  return commentsOf(source).flatMap((comment) => {
    const files = [...comment.matchAll(/(?<![\w./-])((?:[\w.-]+\/)*[\w.-]+\.md)\b(?:, "([^"]+)")?/g)]
    return files.flatMap(([, file, heading]) => {
      const text = documents.get(file) ?? documents.get(normalize(join(dirname(path), file)))
      if (text === undefined) return [`${path}: no file ${file}`]
      const has = heading === undefined || headingsOf(text).includes(heading)
      return has ? [] : [`${path}: ${file} has no heading "${heading}"`]
    })
  })
}

/** Sentences about links of a Markdown file that lead nowhere. `files`: all of the repository; `documents`: its Markdown. */
export function badLinks(path: string, markdown: string, files: ReadonlySet<string>, documents: Sources): string[] {
  const prose = withoutCode(markdown)
  const inline = [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?: +"[^"]*")?\)/g)]
  const named = [...prose.matchAll(/^\[[^\]]+\]: +(\S+)/gm)]
  const html = [...prose.matchAll(/(?:src|href)="([^"]+)"/g)]
  return [...inline, ...named, ...html].flatMap(([, target]) => {
    if (/^[a-z][a-z+.-]*:/i.test(target)) return []
    const [file, anchor] = decodeURI(target).split('#')
    const place = file === '' ? path : normalize(join(dirname(path), file)).replace(/\/$/, '')
    const exists = files.has(place) || [...files].some((one) => one.startsWith(`${place}/`))
    if (!exists) return [`${path}: no file ${target}`]
    const text = documents.get(place)
    const leads = !anchor || text === undefined || anchorsOf(text).has(anchor)
    return leads ? [] : [`${path}: no heading for ${target}`]
  })
}

/**
 * Sentences about formulas that GitHub would not show: unknown macros, braces or environments that do not close, and inline
 * marks that Markdown takes for its own.
 */
export function badMath(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^ *```math\n([\s\S]*?)^ *```$/gm)].map(([, formula]) => formula)
  const inline = [...withoutCode(markdown).matchAll(/\$([^$\n]+)\$/g)].map(([, formula]) => formula)
  const inlineProblems = inline.flatMap((formula) =>
    /\\[^A-Za-z]|[*|]|^\s|\s$/.test(formula) ? [`inline, Markdown would take a mark of it: ${formula}`] : [],
  )
  const problems = [...blocks, ...inline].flatMap((formula) => {
    const unknown = /\\(bm|bold|boldsymbol|newcommand|def|label|ref|operatorname)\b/.exec(formula)
    if (unknown) return [`${unknown[0]} is no macro of GitHub: ${formula}`]
    const count = (pattern: RegExp) => [...formula.matchAll(pattern)].length
    const pairs = [
      [/(?<!\\)\{/g, /(?<!\\)\}/g],
      [/\\left\b/g, /\\right\b/g],
      [/\\begin\{/g, /\\end\{/g],
    ] as const
    return pairs.every(([open, close]) => count(open) === count(close)) ? [] : [`does not close: ${formula}`]
  })
  return [...inlineProblems, ...problems]
}
