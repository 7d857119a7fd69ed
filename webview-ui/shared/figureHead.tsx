// The head of a figure: its title, and one menu of everything that can be done with it.
import './chart.css'
import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'
import type { DataTable } from '../../src/shared/chart/chartTable.ts'
import { toCsv } from '../../src/shared/format/csv.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { placeAfter } from './roving.ts'
import { rasterise } from './shapes.ts'

/** What a person can switch on and off, such as a logarithmic axis. */
export interface FigureSwitch {
  readonly label: string
  readonly on: boolean
  readonly set: (on: boolean) => void
}

export interface FigureProps {
  readonly title: string
  /** Name of its files, without extension; the title unless given. */
  readonly name?: string
  /** An SVG as text; null while there is nothing to draw. */
  readonly figure?: () => string | null
  /** Its numbers as CSV. */
  readonly csv?: () => string
  readonly switches?: readonly FigureSwitch[]
  readonly save: (file: ExportFile) => void
}

interface Entry {
  readonly label: string
  readonly checked?: boolean
  readonly act: () => void
}

export function FigureHead({ children, ...menu }: FigureProps & { children?: ComponentChildren }) {
  return (
    <div class="chartHead">
      <h2 class="chartTitle">{menu.title}</h2>
      <span class="chartTools">
        {children}
        <FigureMenu {...menu} />
      </span>
    </div>
  )
}

/** The CSV of a figure whose numbers are a table. */
export const tableCsv = ({ heads, rows }: DataTable): string =>
  toCsv(
    heads,
    rows.map(({ head, cells }) => [head, ...cells]),
  )

/** The switch of a figure that is a picture or a table. */
export const asTableSwitch = (on: boolean, set: (on: boolean) => void): FigureSwitch => {
  return { label: 'Show as table', on, set }
}

/** A button with three dots. Its menu stands above everything else and closes as menus do. */
export function FigureMenu(props: FigureProps) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const menu = useRef<HTMLDivElement>(null)
  const entries = entriesOf(props)
  const place = () => {
    const box = button.current?.getBoundingClientRect()
    if (!box || !menu.current) return
    const { style } = menu.current
    const room = document.documentElement.clientHeight - box.bottom
    const below = room > 28 * entries.length + 12
    style.top = below ? `${box.bottom + 2}px` : ''
    style.bottom = below ? '' : `${document.documentElement.clientHeight - box.top + 2}px`
    style.right = `${document.documentElement.clientWidth - box.right}px`
  }
  const items = () => [...(menu.current?.querySelectorAll('button') ?? [])]
  const walk = (event: KeyboardEvent) => {
    const all = items()
    const next = placeAfter(event, all.indexOf(document.activeElement as HTMLButtonElement), all.length)
    if (next === null) return
    event.preventDefault()
    all[next].focus()
  }
  return (
    <>
      <button
        type="button"
        class="figureMore"
        ref={button}
        popovertarget={id}
        aria-haspopup="menu"
        aria-label={`${props.title}: save, or show otherwise`}
        title="Save, or show otherwise"
      >
        ⋯
      </button>
      <div
        class="menu"
        id={id}
        ref={menu}
        popover="auto"
        role="menu"
        aria-label={props.title}
        onBeforeToggle={place}
        onToggle={(event) => event.newState === 'open' && items()[0]?.focus()}
        onKeyDown={walk}
      >
        {entries.map(({ label, checked, act }) => (
          <button
            type="button"
            tabIndex={-1}
            role={checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
            aria-checked={checked}
            onClick={() => {
              menu.current?.hidePopover()
              act()
            }}
          >
            {label}
          </button>
        ))}
      </div>
    </>
  )
}

function entriesOf({ title, name = fileName(title), figure, csv, switches = [], save }: FigureProps): Entry[] {
  const saved = (extension: string, content: string, encoding: ExportFile['encoding'] = 'utf8') =>
    save({ type: 'export', name: `${name}.${extension}`, content, encoding })
  const picture = figure && {
    svg() {
      const svg = figure()
      if (svg !== null) saved('svg', svg)
    },
    async png() {
      const svg = figure()
      if (svg !== null) saved('png', await rasterise(svg), 'base64')
    },
  }
  return [
    ...switches.map(({ label, on, set }) => ({ label, checked: on, act: () => set(!on) })),
    ...(picture
      ? [
          { label: 'Save as SVG', act: picture.svg },
          { label: 'Save as PNG', act: () => void picture.png() },
        ]
      : []),
    ...(csv ? [{ label: 'Save as CSV', act: () => saved('csv', csv()) }] : []),
  ]
}

const fileName = (title: string) => title.toLowerCase().replace(/[^\w.]+/g, '-')
