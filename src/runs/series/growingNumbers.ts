// Numbers in f32 that grow at their end. An array of JavaScript takes twice as much, and half of that again for what is to come:
// a hundred runs of a hundred thousand steps are to fit beside all else that an extension host holds.

/** Room for a quarter more is made at a time. */
const growth = 1.25

export class GrowingNumbers {
  private room = new Float32Array(16)
  private count = 0

  get length(): number {
    return this.count
  }

  /** Returns how many there are by now. */
  push(value: number): number {
    if (this.count === this.room.length) {
      const larger = new Float32Array(Math.ceil(growth * this.count))
      larger.set(this.room)
      this.room = larger
    }
    this.room[this.count++] = value
    return this.count
  }

  toArray(): number[] {
    return Array.from(this.room.subarray(0, this.count))
  }
}
