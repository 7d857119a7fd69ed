// Two runs against each other: what their recipes, their blocks, their answers and their texts do not share.
import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { ChartData, Series, SeriesStyle } from '../../src/shared/chart/chartData.ts'
import { mcnemarP, pText } from '../../src/shared/sweep/mcnemar.ts'
import type { Flip, PromptPair, RunDifference, TaskFlips } from '../../src/shared/sweep/runDifference.ts'
import { formatCount } from '../../src/shared/format/numbers.ts'
import { Chart, type ChartLook } from '../shared/chart.tsx'
import { KeySymbol } from '../shared/keySymbol.tsx'
import { MarkedText } from '../shared/markedText.tsx'
import { Heads } from '../shared/parts.tsx'
import type { Entry } from './entries.ts'
import { host } from './host.ts'
import { curveTexts } from './lossKinds.ts'
import { chosen, difference, whenever } from './store.ts'

/** Its first seed stands for a row. Another state is another question: more may be known. */
whenever(
  () => {
    const two = chosen.value.map(({ runs: [{ index, key, state }] }) => ({ index, key, state }))
    return two.length === 2 ? two : null
  },
  ([a, b]) => host.post({ type: 'askDifference', runs: [a.index, b.index] }),
)

export function DifferenceCard() {
  if (chosen.value.length !== 2) return null
  const [a, b] = chosen.value
  const known = difference.value
  const isMine = known?.runs[0] === a.runs[0].key && known.runs[1] === b.runs[0].key
  // Two of one colour are told apart by dash and mark.
  const isAlike = a.style.colour === b.style.colour
  const styleB: SeriesStyle = isAlike
    ? { ...b.style, dash: a.style.dash === '' ? '6 3' : '', marker: 'diamond' }
    : b.style
  return (
    <section class="card difference" aria-label="Two runs">
      <h2>What tells the two apart</h2>
      <p class="row">
        <Side name="A" entry={a} style={a.style} />
        <Side name="B" entry={b} style={styleB} />
      </p>
      {isMine && known ? (
        <Told difference={known.told} styles={[a.style, styleB]} />
      ) : (
        <p class="muted" role="status">
          Reading both runs…
        </p>
      )}
    </section>
  )
}

function Side({ name, entry: { label, runs }, style }: { name: string; entry: Entry; style: SeriesStyle }) {
  return (
    <span class="key">
      <b>{name}</b>
      <KeySymbol style={style} />
      {label}
      {runs.length > 1 && <span class="muted">{` (the first of ${runs.length} seeds)`}</span>}
    </span>
  )
}

function Told({
  difference: { settings, blocks, tasks, prompts, missing },
  styles,
}: {
  difference: RunDifference
  styles: SeriesStyle[]
}) {
  return (
    <>
      <Part title="Recipes">
        {settings.length === 0 ? (
          <p class="muted">Their recipes are the same.</p>
        ) : (
          <table>
            <Heads of={['setting', 'A', 'B']} />
            <tbody>
              {settings.map(({ path, a, b }) => (
                <tr>
                  <th scope="row">{path}</th>
                  <td>{a ?? '–'}</td>
                  <td>{b ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Part>
      {blocks.length > 0 && <BlockErrors blocks={blocks} styles={styles} />}
      {tasks.map((task) => (
        <Part title={`Questions of ${task.task}`}>
          <Task task={task} />
        </Part>
      ))}
      {prompts.length > 0 && (
        <Part title="The same prompts">
          <table class="prompts">
            <Heads of={['prompt', 'A', 'B']} />
            <tbody>{prompts.map(Prompt)}</tbody>
          </table>
        </Part>
      )}
      {missing.length > 0 && (
        <ul class="muted missing">
          {missing.map((sentence) => (
            <li>{sentence}</li>
          ))}
        </ul>
      )}
    </>
  )
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

const errorLook = signal<ChartLook>({ logX: false, logY: true })

function BlockErrors({ blocks, styles }: { blocks: RunDifference['blocks']; styles: SeriesStyle[] }) {
  const series = (['a', 'b'] as const).map((side, i): Series => ({
    label: side.toUpperCase(),
    style: styles[i],
    points: blocks.flatMap(({ block, [side]: y }) => (y === null ? [] : [{ x: block, y }])),
    marks: 'both',
  }))
  const data: Pick<ChartData, 'series' | 'levels' | 'xRange'> = { series, levels: [], xRange: null }
  return (
    <Chart
      text={curveTexts.error}
      data={data}
      look={errorLook.value}
      onLook={(look) => (errorLook.value = look)}
      logAxes={['y']}
    />
  )
}

function Task({ task: { bothRight, bothWrong, onlyA, onlyB } }: { task: TaskFlips }) {
  return (
    <>
      <p>{`Both right: ${formatCount(bothRight)} · both wrong: ${formatCount(bothWrong)} · McNemar's exact test of the others: ${pText(mcnemarP(onlyA.count, onlyB.count))}`}</p>
      <Flips title="Only A is right" {...onlyA} />
      <Flips title="Only B is right" {...onlyB} />
    </>
  )
}

function Flips({ title, count, flips }: { title: string } & TaskFlips['onlyA']) {
  return (
    <details>
      <summary>{`${title}: ${formatCount(count)}`}</summary>
      <ol class="flips">{flips.map(Question)}</ol>
      {count > flips.length && <p class="muted">{`and ${formatCount(count - flips.length)} more`}</p>}
    </details>
  )
}

/** By its number where its text could not be read. */
function Question({ row, question, answers, right, a, b }: Flip) {
  return (
    <li>
      {question === '' ? `row ${row + 1}` : <MarkedText text={question} />}
      <ul>
        {answers.map((answer, i) => {
          const who = [i === right && 'right', i === a && 'A', i === b && 'B'].filter(Boolean).join(', ')
          return (
            <li class={who === '' ? 'muted' : undefined}>
              <MarkedText text={answer} />
              {who !== '' && <b>{` ← ${who}`}</b>}
            </li>
          )
        })}
      </ul>
    </li>
  )
}

/** B's text has a mark where it leaves A's. */
function Prompt({ prompt, a, b, cut }: PromptPair) {
  return (
    <tr>
      <th scope="row">
        <MarkedText text={prompt} />
      </th>
      <td>
        <MarkedText text={a} />
      </td>
      <td>
        <MarkedText text={b} cut={cut} />
      </td>
    </tr>
  )
}
