/** What a declaration came to, in one line. */
import type { DeclaredJson } from '../node/io/control/entities.ts'

export function declaredText(what: string, { held }: DeclaredJson): string {
  const { held: holders, target, isHeld } = held
  if (target === 0) return `${what}: stored; nobody is there to hold it, and the daemon goes on by itself\n`
  const rest = isHeld ? '' : '; the daemon goes on by itself'
  return `${what}: stored, held ${Math.min(holders, target)}/${target}${rest}\n`
}
