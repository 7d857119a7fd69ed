// A figure as a file: SVG, or PNG with two pixels for each of its own.
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { h } from './dom.ts'
import { rasterise } from './shapes.ts'

/** `figure` is null while there is nothing to draw. */
export function saveButtons(
  name: string,
  figure: () => string | null,
  save: (file: ExportFile) => void,
): HTMLButtonElement[] {
  const file = async (extension: 'svg' | 'png'): Promise<void> => {
    const content = figure()
    if (content === null) return
    const [text, encoding] =
      extension === 'svg' ? [content, 'utf8' as const] : [await rasterise(content), 'base64' as const]
    save({ type: 'export', name: `${name}.${extension}`, content: text, encoding })
  }
  return (['svg', 'png'] as const).map((extension) => {
    const title = `Save ${name} as ${extension.toUpperCase()}`
    const act = () => void file(extension)
    const button = { type: 'button', class: 'secondary small', title, 'aria-label': title, onclick: act }
    return h('button', button, extension.toUpperCase())
  })
}
