// The model's continuations of the recipe's prompts: dense, pruned and along the recovery, one above the other.
import { printable } from '../../src/shared/format/printable.ts'
import { endOfText, promptTexts, type PromptTexts } from '../../src/shared/series/samples.ts'
import { picture } from './store.ts'

export function SampleTexts() {
  const { samples } = picture.value
  if (samples.length === 0) return null
  return (
    <section class="card sampleTexts">
      <h2>Generated samples</h2>
      <p class="muted">Where a text first differs from the first one, the token is marked.</p>
      {promptTexts(samples).map(({ prompt, rows }) => (
        <table class="texts">
          <caption>
            <bdi>{printable(prompt)}</bdi>
          </caption>
          <tbody>
            {rows.map((row) => (
              <tr>
                <th scope="row">{row.label}</th>
                <td>
                  <Text {...row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </section>
  )
}

function Text({ sample, cut }: PromptTexts['rows'][number]) {
  if (!cut) return <bdi>{printable(sample.text)}</bdi>
  return (
    <bdi>
      {printable(cut.before)}
      <mark title="The first token that differs">{printable(cut.token) || endOfText}</mark>
      {printable(cut.after)}
    </bdi>
  )
}
