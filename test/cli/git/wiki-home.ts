/** A home with a node of a world behind its socket, where waiting for holders takes no time. */
import type { Answers, Command } from '../../../src/node/commands.ts'
import type { Teardown } from '../../helpers/home.ts'
import { World, type WorldNode } from '../../helpers/world.ts'
import { fakeNode, HELD } from '../fake-node.ts'
import { type FakeHome, servedHome } from '../fake-shell.ts'

export interface WikiHome {
  home: FakeHome
  ada: WorldNode
  world: World
  /** Hears of each command before it is run. */
  heard: (command: Command) => void
}

export async function wikiHome(t: Teardown): Promise<WikiHome> {
  const world = new World()
  const ada = world.add('ada')
  await world.settle()
  const node = fakeNode()
  const run = async <T extends Command['type']>(command: Extract<Command, { type: T }>) => {
    here.heard(command)
    if (command.type === 'held') return { ...HELD, held: 0, isHeld: false } as Answers[T]
    // Its clock is not that of the server.
    return ada.run<T>('untilMs' in command ? { ...command, untilMs: Number.MAX_SAFE_INTEGER } : command)
  }
  node.api = { ...node.api, run }
  const here: WikiHome = { home: await servedHome(t, node), ada, world, heard: () => {} }
  return here
}
