/** Ending the connections that the operator does not want. It is no fault of the peer's. */
import type { Connection, Node } from './node.ts'

type Around = Pick<Node, 'retention' | 'connections' | 'emit'>

/** Ends those connections that the policy refuses and that are not `ending` already; how many those are. */
export function refuseUnwanted(
  node: Around,
  ending: ReadonlySet<number>,
  end: (connection: Connection) => void,
): number {
  const unwanted = node
    .connections()
    .filter(({ number, device, entity }) => !ending.has(number) && !node.retention.talksTo(device, entity))
  for (const connection of unwanted) {
    node.emit({ type: 'refused', device: connection.device, entity: connection.entity })
    end(connection)
  }
  return unwanted.length
}
