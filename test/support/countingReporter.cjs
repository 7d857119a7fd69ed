// Mocha's spec reporter that also leaves its counts and what failed in a file, so that the last lines can sum up all layers.
const { writeFileSync } = require('node:fs')
const Mocha = require('mocha')

module.exports = class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const failures = []
    runner.on('fail', (test, error) => failures.push(`${test.fullTitle()}\n${error?.stack ?? error}`))
    runner.once('end', () => {
      const { passes: passed, failures: failed, pending: skipped } = this.stats
      const file = process.env.SPARSESCOPE_TEST_COUNTS
      if (file) writeFileSync(file, JSON.stringify({ passed, failed, skipped, failures }))
    })
  }
}
