// The model's continuations of the recipe's prompts: dense, pruned and along the recovery, one above the other.
import { promptTexts } from '../../src/runs/series/samples.ts'
import { MarkedText } from '../shared/parts.tsx'
import { picture } from './store.ts'

export function SampleTexts() {
  const { samples } = picture.value
  if (samples.length === 0) return null
  return (
    <section class="card">
      <h2>Generated samples</h2>
      <p class="muted">Where a text first differs from the first one, the token is marked.</p>
      {promptTexts(samples).map(({ prompt, rows }) => (
        <table class="texts">
          <caption>
            <MarkedText text={prompt} />
          </caption>
          <tbody>
            {rows.map((row) => (
              <tr>
                <th scope="row">{row.label}</th>
                <td>
                  <MarkedText text={row.sample.text} cut={row.cut} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </section>
  )
}
