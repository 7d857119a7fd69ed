// The columns: one prompt as cards side by side, several as a table with a row each.
import { signal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { plural } from '../../src/formatting/numbers.ts'
import { printable } from '../../src/formatting/printable.ts'
import { Button } from '../shared/button.tsx'
import { Heads, MarkedText } from '../shared/parts.tsx'
import { busy, columns, names, surpriseWords, written, type Written } from './store.ts'
import { TextCell, TokenCard, type TokenPlace } from './textCell.tsx'

interface BoardProps {
  readonly copy: (column: number) => void
  readonly remove: (column: number) => void
}

/** The token under the pointer or with the focus. */
const pointed = signal<TokenPlace | null>(null)

export function Board(actions: BoardProps) {
  const now = written.value
  const several = now !== null && now.prompts.length > 1
  return (
    <>
      <div class="texts">
        <div class="tiled columns">
          {names.value.map((name, column) => (
            <section class="card" aria-label={name}>
              <ColumnHead column={column} {...actions} />
              {now?.turns && <Conversation now={now} column={column} />}
              {now && !several && <Cell now={now} column={column} prompt={0} />}
            </section>
          ))}
        </div>
        {several && <Batch now={now} />}
      </div>
      {now && <Shades />}
      {now && <TokenCard place={pointed.value} />}
    </>
  )
}

function Cell({ now: { texts }, column, prompt }: { now: Written; column: number; prompt: number }) {
  const label = `Tokens of ${names.value[column]}`
  const [first, text] = [texts[0][prompt], texts[column][prompt]]
  const onToken = (token: TokenPlace | null) => (pointed.value = token)
  // A new token changes one text of hundreds, and Preact does not render the same element again.
  return useMemo(() => <TextCell {...{ column, prompt, label, first, text, onToken }} />, [label, first, text])
}

/** The turns before the column's newest answer. */
function Conversation({ now, column }: { now: Written; column: number }) {
  return (
    <>
      {now.turns?.map(({ prompt, answers }) => (
        <>
          <Message text={prompt} />
          <div class="text">{printable(answers[column])}</div>
        </>
      ))}
      <Message text={now.prompts[0]} />
    </>
  )
}

function Message({ text }: { text: string }) {
  return (
    <p class="message">
      <b>You</b> <MarkedText text={text} />
    </p>
  )
}

/** One row per prompt, one column per checkpoint. */
function Batch({ now }: { now: Written }) {
  return (
    <div class="batch" role="region" tabindex={0} aria-label="Texts by prompt">
      <table>
        <Heads of={['prompt', ...names.value]} />
        <tbody>
          {now.prompts.map((prompt, p) => (
            <tr>
              <th scope="row">
                <MarkedText text={prompt} />
              </th>
              {names.value.map((_, column) => (
                <td>
                  <Cell now={now} column={column} prompt={p} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The checkpoint, its progress, and actions on its text. */
function ColumnHead({ column, copy, remove }: BoardProps & { column: number }) {
  const now = written.value
  const name = names.value[column]
  const problem = now?.failed[column] ?? null
  return (
    <header>
      <div class="columnHead">
        <h2 title={columns.value.columns[column].path}>{name}</h2>
        <span class="row">
          {now?.texts[column].some(({ tokens }) => tokens.length > 0) && (
            <Button label={`Copy the text of ${name}`} act={() => copy(column)}>
              Copy
            </Button>
          )}
          <Button look="toggle" title="Remove this column" label={`Remove ${name}`} act={() => remove(column)}>
            ×
          </Button>
        </span>
      </div>
      {now && problem === null && <span class="muted">{stateText(now, column)}</span>}
      {problem !== null && <p class="problem">{problem}</p>}
    </header>
  )
}

function stateText({ texts, opening }: Written, column: number): string {
  const own = texts[column]
  const tokens = own.reduce((sum, text) => sum + text.tokens.length, 0)
  if (opening[column] && busy.value) return tokens === 0 ? 'reading its weights…' : 'computing probabilities…'
  const done = own.filter(({ seconds }) => seconds !== null)
  if (done.length < own.length) {
    if (!busy.value) return `${plural(tokens, 'token')}, stopped`
    return tokens === 0 ? 'waiting…' : `${plural(tokens, 'token')}…`
  }
  const unjudged = own.some(({ judged }) => judged === null) ? ', not shaded: different tokenizer' : ''
  return `${plural(tokens, 'token')}${unjudged}`
}

/** The legend of the shades. */
function Shades() {
  return (
    <ul class="row surpriseKey" aria-label="Shades">
      <li class="muted">Probability under {names.value.at(0)}:</li>
      {surpriseWords.map((words, level) => (
        <li>
          <span class="token" data-surprise={level}>
            token
          </span>{' '}
          {words}
        </li>
      ))}
      <li>
        <span class="token differs">token</span> first that differs from it
      </li>
    </ul>
  )
}
