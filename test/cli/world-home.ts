/** A home with a real node behind its control socket, in virtual time, and a peer that keeps what it publishes. */
import { idToText } from '../../src/base/text-id.ts'
import type { NodeApi } from '../../src/node/commands.ts'
import { serveControl } from '../../src/node/io/control/server.ts'
import type { Teardown } from '../helpers/home.ts'
import { World, type WorldNode } from '../helpers/world.ts'
import { fakeNode } from './fake-node.ts'
import { type FakeHome, fakeHome } from './fake-shell.ts'

export interface WorldHome extends FakeHome {
  world: World
  node: WorldNode
  /** `@k3…`, the space of the home. */
  space: string
}

/** The home of `ada` in a world; another one there where a world is given. */
export async function worldHome(t: Teardown, world: World = new World(), name = 'ada'): Promise<WorldHome> {
  const home = fakeHome(t)
  if (!world.nodes.has('keeper')) world.add('keeper')
  const node = world.nodes.get(name) ?? world.add(name)
  world.connect(name, 'keeper')
  await world.settle()
  const api: NodeApi = {
    ...fakeNode().api,
    run: (command, progress) => node.run(command, progress as (value: unknown) => void),
  }
  const config = { getTimeoutMs: 10_000, publishPatienceMs: 10_000 }
  const control = await serveControl(api, {
    socketPath: home.paths.socket,
    config,
    nowMs: () => world.nowMs,
  })
  t.teardown(() => control.close())
  return { ...home, world, node, space: `@${idToText(node.actor.entity)}` }
}
