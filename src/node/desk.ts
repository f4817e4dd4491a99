/** Where commands come in: each goes to the part that knows how, and comes back as its answer. */
import { unreachable } from '../base/errors.ts'
import { bookmarkOwn } from './bookmarking.ts'
import type { Answers, Command, CommandProgress } from './commands.ts'
import { blameOf, compare, merge, publishDiff } from './comparing.ts'
import { declare } from './declaring.ts'
import { profileOf, setProfile } from './describing.ts'
import type { Following } from './following.ts'
import { gatherRecords } from './gathering.ts'
import { sayHad, sayHadDaily } from './having.ts'
import { type Counters, Inspector } from './inspecting.ts'
import { keptPages } from './kept-pages.ts'
import { logOf } from './lineage.ts'
import { machinesOf } from './machines.ts'
import type { Node } from './node.ts'
import type { Outbox } from './outbox.ts'
import { Publisher } from './publishing.ts'
import { Reader } from './reading.ts'
import { recentOf } from './recent.ts'
import { withFiles } from './refiling.ts'
import { chooseKey, keyState, rotate } from './rotating.ts'
import { Linker } from './search/linking.ts'
import { search } from './search/searching.ts'
import { begin, settleAll, type Task } from './task.ts'
import { Writer } from './writing.ts'

export class Desk {
  readonly #node: Node
  readonly #outbox: Outbox
  readonly #writer: Writer
  readonly #following: Following
  readonly #publisher: Publisher
  readonly #reader: Reader
  readonly #linker: Linker
  readonly #inspector: Inspector
  #takenUp: () => Task<void> = function* () {}

  constructor(node: Node, outbox: Outbox, following: Following, counters: Counters, address: Uint8Array) {
    this.#node = node
    this.#outbox = outbox
    this.#writer = new Writer(node, outbox)
    this.#publisher = new Publisher(node, outbox, this.#writer)
    this.#following = following
    this.#reader = new Reader(node)
    this.#linker = new Linker(node, this.#reader)
    this.#inspector = new Inspector({ node, outbox, reader: this.#reader, counters, address })
  }

  /** Takes up what the outbox had left. Whoever asks how things stand waits for it. */
  *takeUp(): Task<void> {
    this.#takenUp = begin(this.#outbox.load())
    yield* this.#takenUp()
  }

  /** Lists pages that a crash left out of the signed index. From now on what this machine has is said at most so often. */
  *start(hadEveryMs: number | undefined): Task<void> {
    if (hadEveryMs !== undefined) sayHadDaily(this.#node, this.#writer, hadEveryMs)
    if (yield* this.#publisher.needsListing())
      yield* this.#publisher.publish({ type: 'publish', pages: [], summary: '', index: true })
  }

  *take(command: Command, tell: (value: CommandProgress) => void): Task<Answers[Command['type']]> {
    switch (command.type) {
      case 'publish':
        return yield* this.#publisher.publish(yield* withFiles(this.#node, this.#reader, command))
      case 'declare':
        return yield* declare(this.#node, this.#writer, command.records)
      case 'profile':
        return yield* profileOf(this.#node, command.entity, command.untilMs)
      case 'describe':
        return yield* setProfile(this.#node, this.#writer, command.profile)
      case 'machines':
        return yield* machinesOf(this.#node, command.entity, command.untilMs)
      case 'sayHad':
        return yield* sayHad(this.#node, this.#writer)
      case 'records':
        return yield* gatherRecords(this.#node, command)
      case 'held':
        return yield* this.#outbox.held(command.batches, command.patienceMs, tell)
      case 'stow':
        return yield* this.#publisher.stow(command)
      case 'replay':
        return yield* this.#publisher.replay(command)
      case 'read':
        return yield* this.#reader.read(command)
      case 'get':
        return yield* this.#reader.get(command)
      case 'fetch':
        return yield* this.#reader.obtain(command.ids, command.untilMs)
      case 'search':
        return yield* search(this.#node, command, tell)
      case 'links':
        return yield* this.#linker.links(command.page, command.untilMs)
      case 'backlinks':
        return yield* this.#linker.backlinks(command.page, command.untilMs)
      case 'broken':
        return yield* this.#linker.broken(command.space, command.limit, command.untilMs)
      case 'log':
        return yield* logOf(this.#node, this.#reader, command.page, {
          untilMs: command.untilMs,
          isFresh: command.isFresh ?? false,
        })
      case 'diff':
        return yield* compare(this.#node, this.#reader, command)
      case 'publishDiff':
        return yield* publishDiff(this.#node, this.#reader, this.#writer, command)
      case 'merge':
        return yield* merge(this.#node, this.#reader, command)
      case 'bookmark':
        return yield* bookmarkOwn(this.#node, this.#reader, this.#writer, command)
      case 'blame':
        return yield* blameOf(this.#node, this.#reader, command)
      case 'recent':
        return yield* recentOf(this.#node, this.#reader, command)
      case 'where':
        return yield* this.#inspector.where(command.target, command.untilMs)
      case 'list':
        return yield* this.#reader.list(command.space, command.untilMs)
      case 'kept':
        return yield* keptPages(this.#node, command.space)
      case 'export':
        return yield* this.#reader.export(command, tell)
      case 'follow':
        return yield* this.#following.add(command.subject, command.untilMs)
      case 'unfollow':
        return { wasFollowed: yield* this.#following.remove(command.subject) }
      case 'following':
        return this.#following.list()
      case 'keys':
        return yield* keyState(this.#node, command)
      case 'readmit':
        return yield* chooseKey(this.#node, command)
      case 'rotate':
        return yield* rotate(this.#node, this.#writer, command)
      case 'status':
        yield* settleAll([this.#takenUp()])
        return yield* this.#inspector.status()
      case 'peers':
        return this.#inspector.peers()
      case 'obey':
        return { ended: this.#node.obey(command.rules) }
      default:
        return unreachable(command)
    }
  }
}
