// Mocha's spec reporter that also writes a file with its counts, failures, slow tests and number of started processes. The last
// lines of `npm test` sum these up over all layers.
const { writeFileSync } = require('node:fs')
const Mocha = require('mocha')
const started = require('./startedProcesses.cjs')

module.exports = class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const failed = []
    const times = []
    // Told at the end: an `afterEach` may still add to the error what the test saw.
    runner.on('fail', (test, error) => failed.push({ title: test.fullTitle(), error }))
    runner.on('test end', (test) => times.push({ title: test.fullTitle(), ms: test.duration ?? 0 }))
    runner.once('end', () => {
      const slowest = times.sort((a, b) => b.ms - a.ms).slice(0, 20)
      const file = process.env.SPARSESCOPE_TEST_COUNTS
      const failures = failed.map(({ title, error }) => `${title}\n${error?.stack ?? error}`)
      const counts = { passed: this.stats.passes, failed: this.stats.failures, skipped: this.stats.pending }
      if (file) writeFileSync(file, JSON.stringify({ ...counts, failures, slowest, started }))
    })
  }
}
