/**
 * Ends a run with `N passed, N failed, N skipped` alone on a line, from the real counts. A test file that did not run to
 * its tests counts as one failure, so a broken import can never look like success.
 */
class CountsReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    // After the default reporter's summary, which is written to stderr.
    process.stderr.write('', () => {
      process.stdout.write(`${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
    });
  }
}

module.exports = CountsReporter;
