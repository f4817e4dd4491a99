/** The commit that a figure was measured at. */
import { execFileSync } from 'node:child_process'

/** Marked where the working tree differs from it; `unknown` where there is no version control. */
export function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, {
        cwd: new URL('.', import.meta.url),
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    const changed = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${git('rev-parse', '--short=12', 'HEAD').trim()}${changed ? '-changed' : ''}`
  } catch {
    return 'unknown'
  }
}
