/** The program as its users run it: built, which takes a command a tenth of what it takes from the sources. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What node runs. */
export const MAIN: string = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const BUILD = fileURLToPath(new URL('../../scripts/build.js', import.meta.url))

// `npm test` has built it by now; a test file that is run alone must not test the program of before.
const { status, stderr } = spawnSync(process.execPath, [BUILD, '--if-stale'], { encoding: 'utf8' })
if (status !== 0) throw new Error(`the program cannot be built: ${stderr}`)
