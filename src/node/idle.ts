/** Which connections end so that others find room: a stranger who came and asks nothing keeps nobody out. */
import type { Connection } from './node.ts'

/** Nothing was earned, asked or answered on it for this long. Guests of a large network fill all places within minutes (`npm run sim -- spread --nodes 300`), and those that come next are turned away. */
export const IDLE_AFTER_MS = 60_000
/** With fewer places left than this part of all, the idle end. */
const FREE_SHARE = 1 / 8

/**
 * Those that should end now, the longest idle first, as many as room is lacking. Never one with work under
 * way at either end, nor one that `isNeeded`.
 */
export function idleAmong(
  connections: readonly Connection[],
  connectionsMax: number,
  nowMs: number,
  isNeeded: (connection: Connection) => boolean,
): Connection[] {
  const lacking = Math.ceil(connectionsMax * FREE_SHARE) - (connectionsMax - connections.length)
  if (lacking <= 0) return []
  return connections
    .filter(({ client, server, isMeeting, usedMs }) => {
      if (nowMs - usedMs < IDLE_AFTER_MS || isMeeting) return false
      return client.load === 0 && server.load === 0
    })
    .filter((connection) => !isNeeded(connection))
    .sort((a, b) => a.usedMs - b.usedMs)
    .slice(0, lacking)
}
