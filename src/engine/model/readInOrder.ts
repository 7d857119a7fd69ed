// Reads a few things ahead and hands them over in order, so that disk and device work at the same time.

/** Number of reads under way at once. */
const ahead = 3

/** The results of `read`, in the order of `items`. A failed read ends the iteration; later ones are waited for. */
export async function* readInOrder<I, R>(items: readonly I[], read: (item: I) => Promise<R>): AsyncGenerator<R> {
  const pending: Promise<R>[] = []
  let next = 0
  try {
    for (let done = 0; done < items.length; done++) {
      while (next < items.length && pending.length < ahead) pending.push(begin(read(items[next++])))
      const first = pending.shift()
      if (first) yield await first
    }
  } finally {
    await Promise.allSettled(pending)
  }
}

/** A read that fails before its turn is reported at its turn, not as unhandled. */
function begin<R>(reading: Promise<R>): Promise<R> {
  reading.catch(() => undefined)
  return reading
}
