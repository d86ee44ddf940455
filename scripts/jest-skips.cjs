// Jest reporter: says at the end which groups of tests were skipped. Their titles hold the reason.
class SkipReporter {
  onRunComplete(_contexts, results) {
    const groups = new Map();
    for (const file of results.testResults) {
      for (const test of file.testResults) {
        if (test.status === 'pending') {
          const title = test.ancestorTitles.join(' › ') || test.title;
          groups.set(title, (groups.get(title) ?? 0) + 1);
        }
      }
    }
    for (const [title, count] of groups) {
      process.stderr.write(`skipped ${count}: ${title}\n`);
    }
  }
}

module.exports = SkipReporter;
