/** Progress goes to stderr, a line a step, so that stdout carries results only. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
