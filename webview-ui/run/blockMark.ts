// The block that is picked anywhere on the page, as the marked row of a map.
import { useSignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { nothingMarked, type GridMark } from '../shared/gridLayout.ts'
import { pickedBlock } from './store.ts'

export function useBlockMark(columns: number): Signal<GridMark> {
  const mark = useSignal(nothingMarked)
  useEffect(() => {
    const row = pickedBlock.value
    const { at } = mark.peek()
    if (row === null) mark.value = nothingMarked
    else if (at?.row !== row) mark.value = { at: { row, column: 0 }, anchor: { row, column: columns - 1 } }
  }, [pickedBlock.value])
  return mark
}
