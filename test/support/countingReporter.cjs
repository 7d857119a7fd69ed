// Mocha's spec reporter that also leaves in a file its counts, what failed, what took long and how many processes were started, so that
// the last lines can sum up all layers.
const { writeFileSync } = require('node:fs')
const Mocha = require('mocha')
const started = require('./startedProcesses.cjs')

module.exports = class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const failures = []
    const times = []
    runner.on('fail', (test, error) => failures.push(`${test.fullTitle()}\n${error?.stack ?? error}`))
    runner.on('test end', (test) => times.push({ title: test.fullTitle(), ms: test.duration ?? 0 }))
    runner.once('end', () => {
      const { passes: passed, failures: failed, pending: skipped } = this.stats
      const slowest = times.sort((a, b) => b.ms - a.ms).slice(0, 20)
      const file = process.env.SPARSESCOPE_TEST_COUNTS
      if (file) writeFileSync(file, JSON.stringify({ passed, failed, skipped, failures, slowest, started }))
    })
  }
}
