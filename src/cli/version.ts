/** The version of this program, as its manifest says. */
import { readFileSync } from 'node:fs'

export function versionText(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(manifest) as { version: unknown }).version)
}
