// A figure as a file: SVG, or PNG with two pixels for each of its own.
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { rasterise } from './shapes.ts'

export interface SaveProps {
  /** Of the file, without its extension. */
  readonly name: string
  /** null while there is nothing to draw. */
  readonly figure: () => string | null
  readonly save: (file: ExportFile) => void
}

export function SaveButtons({ name, figure, save }: SaveProps) {
  const act = async (extension: 'svg' | 'png') => {
    const svg = figure()
    if (svg === null) return
    const [content, encoding] = extension === 'svg' ? [svg, 'utf8' as const] : [await rasterise(svg), 'base64' as const]
    save({ type: 'export', name: `${name}.${extension}`, content, encoding })
  }
  return (
    <span class="row">
      {(['svg', 'png'] as const).map((extension) => {
        const title = `Save ${name} as ${extension.toUpperCase()}`
        return (
          <button
            type="button"
            class="secondary small"
            title={title}
            aria-label={title}
            onClick={() => void act(extension)}
          >
            {extension.toUpperCase()}
          </button>
        )
      })}
    </span>
  )
}
