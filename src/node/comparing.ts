/**
 * Versions side by side: what changed between two, what two make together, and who brought each line.
 * Texts are looked up one by one as they are needed, so that whatever a stranger wrote takes no more of the
 * node at a time than one difference does; in between it does everything else.
 */
import { readUtf8 } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdSet } from '../base/id-map.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import { blame } from '../content/blame.ts'
import type { VerifiedVersion } from '../content/block.ts'
import { diffTexts } from '../content/diff.ts'
import { History, type HistoryEntry } from '../content/history.ts'
import { type AsksForTexts, mergeVersions } from '../content/merge-versions.ts'
import type { Answers, Command, Target } from './commands.ts'
import { headOf } from './head-finding.ts'
import { type Ancestor, ancestorOf, lineageOf, lineageOfVersion } from './lineage.ts'
import type { Node } from './node.ts'
import { failure } from './pieces.ts'
import { declareDiff, publishedDiff, type Sides } from './published-diffs.ts'
import type { Reader } from './reading.ts'
import type { Task } from './task.ts'
import type { Blamed, Compared, Merging, NamedVersion } from './version-answers.ts'
import type { Writer } from './writing.ts'

/** Lines of one text: what is made of them, an object for each, has to fit an answer. */
const LINES_MAX = 100_000
/** A text that is not published yet stands in a history under an id that no hash will be. */
const UNPUBLISHED = new Uint8Array(32)

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>

/** What changed from one version to another; where none is named, from the first parent, or from nothing. As its author says, where a difference was published that applies. */
export function* compare(node: Node, reader: Reader, command: CommandOf<'diff'>): Task<Compared> {
  const sides = yield* sidesOf(node, reader, command)
  const { earlier, before, later, after } = sides
  const taken = yield* publishedDiff(node, sides, command.untilMs)
  return {
    from: earlier && nameOf(ancestorOf(earlier)),
    to: nameOf(ancestorOf(later)),
    published: taken && Uint8Array.from(taken.diff),
    ...diffTexts(before, after, taken && { edits: taken.edits }),
  }
}

/** Signs the difference that leads to a version of ours, so that others need not work it out. Throws REFUSED for somebody else's, TOO_LARGE, BAD_ARGUMENT where one of both has no text. */
export function* publishDiff(
  node: Node,
  reader: Reader,
  writer: Writer,
  { from, to, untilMs }: CommandOf<'publishDiff'>,
): Task<Answers['publishDiff']> {
  const sides = yield* sidesOf(node, reader, { from, to, untilMs })
  return yield* declareDiff(node, writer, sides, untilMs)
}

/** The two versions and their texts; an earlier one that is not there, or a page that is deleted, is an empty text. */
function* sidesOf(
  node: Node,
  reader: Reader,
  { from, to, untilMs }: { from?: Target | undefined; to: Target; untilMs: number },
): Task<Sides> {
  const later = yield* versionAt(node, reader, to, untilMs)
  const [parent] = later.version.parents
  const named = from ?? (parent && { id: parent })
  const earlier = named && (yield* versionAt(node, reader, named, untilMs))
  const before = (earlier && (yield* textOf(reader, earlier, untilMs))) ?? ''
  const after = (yield* textOf(reader, later, untilMs)) ?? ''
  return { earlier, before, later, after }
}

/** What two versions of a page make together, or a text that is not published yet and the head. Nothing is written. */
export function* merge(node: Node, reader: Reader, command: CommandOf<'merge'>): Task<Merging> {
  const { page, ours, untilMs } = command
  const lineage = yield* lineageOf(node, reader, page, { untilMs, isFresh: command.isFresh ?? false })
  const theirs = command.theirs ?? lineage.head.version.id
  const id = 'id' in ours ? ours.id : UNPUBLISHED
  const entries: HistoryEntry[] = lineage.history.inOrder
  if ('text' in ours) {
    if (ours.parents.length > PARENTS_MAX)
      throw new SheafError('BAD_ARGUMENT', 'a text with too many parents')
    entries.push({ id, parents: ours.parents })
  }
  const history = new History(entries)
  for (const side of [id, theirs]) {
    if (!history.has(side)) throw new SheafError('NOT_FOUND', 'no such version in the history of this page')
  }
  const mine = 'text' in ours ? readUtf8(ours.text) : undefined
  const known = (one: Uint8Array): string | undefined => (equalBytes(one, UNPUBLISHED) ? mine : undefined)
  const labels = { ours: 'yours', base: 'base', theirs: 'theirs' }
  const merged = yield* answered(node, reader, mergeVersions(history, id, theirs, labels), untilMs, known)
  const theirText = (yield* textById(reader, theirs, untilMs)) ?? ''
  return {
    page,
    ours: 'id' in ours ? ours.id : undefined,
    theirs,
    bases: merged.bases.map((base) => Uint8Array.from(base)),
    text: merged.text === undefined ? undefined : Buffer.from(merged.text),
    conflicts: merged.conflicts,
    difference: diffTexts(theirText, merged.text ?? ''),
  }
}

/** Who brought each line of a version. */
export function* blameOf(node: Node, reader: Reader, { target, untilMs }: CommandOf<'blame'>): Task<Blamed> {
  const version = yield* versionAt(node, reader, target, untilMs)
  // Before anything else: a page of the longest kind has millions of lines.
  yield* textOf(reader, version, untilMs)
  const history = yield* lineageOfVersion(node, version, untilMs)
  const lines = yield* answered(node, reader, blame(history, version.id), untilMs)
  const named = new IdSet(lines.map(({ version: id }) => id))
  return {
    of: nameOf(ancestorOf(version)),
    lines,
    versions: [...named].map((id) => nameOf(history.get(id)!)),
  }
}

/** The version that is meant: a page's head as it is, where it leads elsewhere or is deleted, too. */
function* versionAt(node: Node, reader: Reader, target: Target, untilMs: number): Task<VerifiedVersion> {
  if ('id' in target) return (yield* reader.versionById(target.id, untilMs)).version
  const { versions, asked } = yield* reader.versionsOf(target.page, { untilMs, isFresh: false })
  const head = yield* headOf(node, target.page, versions, { untilMs, isLocal: asked.length === 0 })
  if (head === undefined) throw failure(asked, 'no version of this page')
  return head.version
}

/** Gives what asks for texts the texts that it asks for. Throws TIMEOUT where that takes too long. */
function* answered<T>(
  node: Node,
  reader: Reader,
  asking: AsksForTexts<T>,
  untilMs: number,
  known: (id: Uint8Array) => string | undefined = () => undefined,
): Task<T> {
  let step = asking.next()
  while (!step.done) {
    if (node.env.nowMs() >= untilMs)
      throw new SheafError('TIMEOUT', 'there is more to compare than time for it')
    step = asking.next(known(step.value) ?? (yield* textById(reader, step.value, untilMs)))
  }
  return step.value
}

function* textById(reader: Reader, id: Uint8Array, untilMs: number): Task<string | undefined> {
  const { version } = yield* reader.versionById(id, untilMs)
  return yield* textOf(reader, version, untilMs)
}

/** Undefined where the version has no text. Throws TOO_LARGE for more lines than are compared. */
function* textOf(reader: Reader, version: VerifiedVersion, untilMs: number): Task<string | undefined> {
  if (version.version.content.type !== 'text') return undefined
  const bytes = yield* reader.textOf(version, untilMs)
  let lines = 0
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines += 1
  if (lines > LINES_MAX) {
    throw new SheafError('TOO_LARGE', `a text of ${lines} lines where ${LINES_MAX} are compared`)
  }
  return readUtf8(bytes)
}

const LF = 0x0a

function nameOf({ id, page, author, timeMs, summary, content }: Ancestor): NamedVersion {
  return { id, page, author, timeMs, summary, content }
}
