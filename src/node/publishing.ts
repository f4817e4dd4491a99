/**
 * Publishing: pages become versions of this node's own space, in one synced write with the
 * note that makes the outbox carry them on. Unchanged pages are left alone, so publishing a
 * folder again only publishes what changed.
 */

import { decode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import type { VerifiedVersion } from '../content/block.ts'
import { type Author, type PageDraft, requirePage, type SealedPage, signPages } from '../content/page.ts'
import type { CutText, PieceEntry } from '../content/piece.ts'
import { type Page, pageLocator, pageToText, type Space, spaceOfRef } from '../content/space.ts'
import { tipsOf } from '../content/tips.ts'
import { type PageContent, VERSION, versionBody } from '../content/version.ts'
import { bookmarksAlong } from './bookmarking.ts'
import type { Command, PageInput, Published } from './commands.ts'
import { deniedHere } from './denials.ts'
import { isKeptWhole, saysTheFile, stow, writeTables } from './filing.ts'
import type { Node } from './node.ts'
import type { Outbox } from './outbox.ts'
import { type Outline, outlinesAt } from './outlines.ts'
import { isMarked, type OwnBlock, OwnIndex } from './own-index.ts'
import { sealOld } from './replaying.ts'
import { heardOf, type Standing, standingOf } from './staleness.ts'
import type { StoredBlock } from './store.ts'
import { begin, forEach, type Task } from './task.ts'
import { authorOf, type Writer } from './writing.ts'

/** Pages that peers are asked about at a time. */
const PAGES_HEARD_AT_ONCE = 8
const NONCE_BYTES = 8
/** Pages of a command from which on it pays to look ahead. */
const AHEAD_FROM = 16

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>

export class Publisher {
  readonly #node: Node
  readonly #outbox: Outbox
  readonly #writer: Writer
  #index: OwnIndex | undefined

  constructor(node: Node, outbox: Outbox, writer: Writer) {
    this.#node = node
    this.#outbox = outbox
    this.#writer = writer
  }

  /**
   * Seals and stores; with `index` everything that is stored and not yet listed is listed too.
   * Throws NO_IDENTITY, BAD_ARGUMENT where a page is named twice or its parents cannot be, and what the store throws.
   */
  *publish(command: CommandOf<'publish'>): Task<Published> {
    const author = authorOf(this.#node)
    const inputs = command.pages.map((input) => completed(input, author))
    refuseTwice(inputs)
    const heard = yield* this.#hear(inputs, command.untilMs)
    const ahead = begin(this.#cutAhead(inputs))
    return yield* this.#writer.inTurn(() => this.#publish(author, inputs, { heard, ahead }, command))
  }

  /** Stores versions that were made elsewhere, as `sealOld` has it. */
  *replay(command: CommandOf<'replay'>): Task<Published> {
    const author = authorOf(this.#node)
    return yield* this.#writer.inTurn(() => this.#replay(author, command))
  }

  /** Stores pieces of a file that is to be published. */
  *stow(command: Extract<Command, { type: 'stow' }>): Task<PieceEntry[]> {
    authorOf(this.#node)
    return yield* stow(this.#node, command)
  }

  /** Whether a crash left pages that no signed index lists; a publish of no pages with an index lists them. */
  *needsListing(): Task<boolean> {
    return this.#node.identity.author !== undefined && (yield* isMarked(this.#node))
  }

  /** What peers know of the pages that were made from something: asked before the turn, or others would wait for them. */
  *#hear(inputs: readonly Input[], untilMs: number | undefined): Task<IdMap<VerifiedVersion[]>> {
    const heard = new IdMap<VerifiedVersion[]>()
    if (untilMs === undefined) return heard
    const asking = inputs.filter(({ parents, isFork }) => parents !== undefined && !isFork)
    yield* forEach(asking, PAGES_HEARD_AT_ONCE, (page) => {
      const node = this.#node
      return (function* () {
        if (node.retention.serves(page.locator)) {
          heard.set(page.locator, yield* heardOf(node, page, untilMs))
        }
      })()
    })
    return heard
  }

  /** Of many pages, those that are new here: their texts are cut while others have their turn. Whether one that is not new has changed shows in its own. */
  *#cutAhead(inputs: readonly Input[]): Task<IdMap<CutText>> {
    if (inputs.length < AHEAD_FROM) return new IdMap()
    const areNew = yield* this.#node.store.vacant(inputs.map(({ locator }) => locator))
    return yield* this.#cut(inputs.filter((_, i) => areNew[i]))
  }

  /** By locator. */
  *#cut(pages: readonly Pick<Input, 'text' | 'locator'>[]): Task<IdMap<CutText>> {
    const withText = pages.flatMap(({ text, locator }) => (text === undefined ? [] : [{ text, locator }]))
    const cuts = new IdMap<CutText>()
    if (withText.length === 0) return cuts
    const made = yield* this.#node.cut(withText.map(({ text }) => text))
    for (const [i, { locator }] of withText.entries()) cuts.set(locator, made[i]!)
    return cuts
  }

  *#publish(
    author: Author,
    inputs: readonly Input[],
    { heard, ahead }: { heard: IdMap<VerifiedVersion[]>; ahead: () => Task<IdMap<CutText>> },
    { summary, index: withIndex }: CommandOf<'publish'>,
  ): Task<Published> {
    const index = this.#index ?? new OwnIndex(this.#node, author)
    // In memory it may soon be ahead of what is written: where this fails, the next publish reads it back.
    this.#index = undefined
    yield* index.load()
    const drafts: (PageDraft & Pick<Input, 'locator'>)[] = []
    const areWords: boolean[] = []
    const said: Published['pages'] = []
    const areNew = yield* this.#node.store.vacant(inputs.map(({ locator }) => locator))
    const { env } = this.#node
    // Chance is drawn once for all: a draw costs 10 µs, whatever its length.
    const nonces = env.random(inputs.length * NONCE_BYTES)
    for (const [i, input] of inputs.entries()) {
      const { space, path, locator, text, redirect, file } = input
      if (!this.#node.retention.serves(locator)) throw deniedHere(`the page ${path}`)
      const isKept = file === undefined || (yield* isKeptWhole(this.#node, file))
      const { parents: given } = input
      const judged =
        given === undefined
          ? onTop(input, areNew[i] ? [] : yield* outlinesAt(this.#node, locator, VERSION), author)
          : made(input, given, author, yield* standingOf(this.#node, input, heard.get(locator) ?? []))
      if (judged === undefined) continue
      if ('status' in judged && (judged.status === 'stale' || isKept)) {
        said.push({ space, path, ...judged })
        continue
      }
      const parents = 'parents' in judged ? judged.parents : [judged.id]
      areWords.push(isOwn(space, author) && !input.isFork)
      drafts.push({
        space,
        path,
        locator,
        text,
        redirect,
        file,
        parents,
        summary,
        timeMs: env.wallMs(),
        nonce: nonces.subarray(i * NONCE_BYTES, (i + 1) * NONCE_BYTES),
      })
    }
    const cuts = yield* ahead()
    const late = yield* this.#cut(drafts.filter(({ locator }) => !cuts.has(locator)))
    const sealed = signPages(
      drafts,
      drafts.map(({ locator }) => cuts.get(locator) ?? late.get(locator)),
      author,
    )
    const unchanged = said.flatMap(({ id, status }) => (status === 'unchanged' ? [id] : []))
    for (const [i, { path, id }] of sealed.entries()) {
      const { space, text, file } = drafts[i]!
      said.push({ space, path, id, status: 'stored' })
      if (isOwn(space, author)) index.list(path, text === undefined && file === undefined ? undefined : id)
    }
    const marks = yield* bookmarksAlong(
      this.#node,
      author,
      drafts.map((draft, i) => ({ ...draft, id: sealed[i]!.id, isWord: areWords[i]! })),
    )
    const batches = yield* this.#writePages(sealed, drafts, marks, index, withIndex)
    return { pages: said, batches: [...batches, ...this.#outbox.pendingWith(unchanged)] }
  }

  *#replay(author: Author, { versions, index: withIndex }: CommandOf<'replay'>): Task<Published> {
    const index = this.#index ?? new OwnIndex(this.#node, author)
    this.#index = undefined
    yield* index.load()
    const { ids, areNew, made } = yield* sealOld(this.#node, author, versions)
    for (const { page, draft } of made) {
      index.list(page.path, draft.text === undefined && draft.file === undefined ? undefined : page.id)
    }
    const sealed = made.map(({ page }) => page)
    const drafts = made.map(({ draft }) => draft)
    const marks = yield* bookmarksAlong(
      this.#node,
      author,
      made.map(({ page, draft }) => ({ ...draft, id: page.id, locator: page.locator, isWord: false })),
    )
    const batches = yield* this.#writePages(sealed, drafts, marks, index, withIndex)
    const space: Space = { type: 'entity', id: author.entity }
    const pages = versions.map(({ path }, i): Published['pages'][number] => {
      return { space, path, id: ids[i]!, status: areNew[i] ? 'stored' : 'unchanged' }
    })
    return { pages, batches: [...batches, ...this.#outbox.pendingWith(ids.filter((_, i) => !areNew[i]))] }
  }

  *#writePages(
    sealed: readonly SealedPage[],
    drafts: readonly PageDraft[],
    marks: readonly StoredBlock[],
    index: OwnIndex,
    withIndex: boolean,
  ): Task<Uint8Array[]> {
    const blocks = [...sealed.flatMap(blocksOf), ...marks]
    if (withIndex) blocks.push(...index.form())
    const batches = yield* this.#write(blocks, index)
    this.#index = index
    for (const [i, { file }] of drafts.entries()) {
      if (file !== undefined)
        batches.push(...(yield* writeTables(this.#node, this.#outbox, sealed[i]!, file.fileHash)))
    }
    return batches
  }

  /** Writes for good, with the mark that stands until everything is listed. */
  *#write(blocks: OwnBlock[], index: OwnIndex): Task<Uint8Array[]> {
    if (blocks.length === 0 && index.isCurrent && (yield* isMarked(this.#node))) {
      yield* this.#node.store.note([OwnIndex.unmark], { sync: false })
    }
    return yield* this.#writer.write(blocks, (isLast) => [
      isLast && index.isCurrent ? OwnIndex.unmark : OwnIndex.mark,
    ])
  }
}

/** A page on its way in, with its space spelled out. */
type Input = PageInput & { space: Space; locator: Uint8Array }

/** Throws BAD_ARGUMENT for parents that no version can have, or that a proposal lacks. */
function completed(input: PageInput, author: Author): Input {
  const { space = { type: 'entity', id: author.entity }, path, parents } = input
  const whole = { ...input, space, locator: pageLocator({ space, path }) }
  if (input.text !== undefined) requirePage(input.text)
  if (parents === undefined && !isOwn(space, author)) {
    throw new SheafError(
      'BAD_ARGUMENT',
      `${pageToText(whole)} is not yours: a proposal names what it was made from`,
    )
  }
  if (parents !== undefined && (parents.length > PARENTS_MAX || new IdSet(parents).size < parents.length)) {
    throw new SheafError(
      'BAD_ARGUMENT',
      `a version of ${path} has at most ${PARENTS_MAX} parents, none twice`,
    )
  }
  return whole
}

function isOwn({ type, id }: Space, { entity }: Author): boolean {
  return type === 'entity' && equalBytes(id, entity)
}

function refuseTwice(pages: readonly Input[]): void {
  const names = new IdSet()
  for (const { path, locator } of pages) {
    if (names.has(locator)) throw new SheafError('BAD_ARGUMENT', `the page ${path} is named twice`)
    names.add(locator)
  }
}

type Judged = { parents: Uint8Array[] } | { id: Uint8Array; status: 'unchanged' | 'stale' }

/**
 * What becomes of a page that goes on top of all that its author has there; undefined where there is nothing to delete.
 * What strangers put beside is theirs: it neither stands behind what we publish nor makes an unchanged page a change.
 */
function onTop(input: Input, outlines: readonly Outline[], { entity }: Author): Judged | undefined {
  const tips = tipsOf(outlines.filter(({ signer }) => equalBytes(signer, entity)))
  const [first] = tips
  if (first === undefined && isNothing(input)) return undefined
  if (first !== undefined && tips.length === 1 && saysTheSame(first, input)) {
    return { id: first.id, status: 'unchanged' }
  }
  return { parents: tips.slice(0, PARENTS_MAX).map(({ id }) => id) }
}

/** What becomes of a page that was made from these versions. One that says what its author said there before is no change, whatever stands beside it. */
function made(
  input: Input,
  parents: readonly Uint8Array[],
  { entity }: Author,
  { head, outline, hasSeen }: Standing,
): Judged {
  const [first, second] = parents
  const only = first !== undefined && second === undefined ? outline(first) : undefined
  if (only !== undefined && equalBytes(only.signer, entity) && saysTheSame(only, input)) {
    return { id: only.id, status: 'unchanged' }
  }
  if (head !== undefined) {
    const joinsNothing = parents.every((parent) => hasSeen([head.id], parent))
    if (joinsNothing && saysTheSame(head, input)) return { id: head.id, status: 'unchanged' }
    if (!input.isFork && !hasSeen(parents, head.id)) return { id: head.id, status: 'stale' }
  }
  return { parents: [...parents] }
}

function blocksOf(page: SealedPage): OwnBlock[] {
  const { id, locator, timeMs, block } = page
  const pieces = page.pieces.map(({ hash, bytes }): OwnBlock => {
    return { id: hash, locator, kind: 0, timeMs: 0, length: bytes.byteLength, bytes, owner: id }
  })
  return [{ id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block }, ...pieces]
}

function isNothing({ text, redirect, file }: PageInput): boolean {
  return text === undefined && redirect === undefined && file === undefined
}

/** Whether a version puts exactly this on its page. */
function saysTheSame({ signer, body }: Outline, { text, redirect, file }: Input): boolean {
  const { content } = decode(versionBody, body)
  if (file !== undefined) return saysTheFile(content, file)
  if (redirect !== undefined && text === undefined) return leadsTo(content, redirect, signer)
  if (text === undefined) return content.type === 'deleted'
  return (
    content.type === 'text' &&
    content.textBytes === text.byteLength &&
    equalBytes(content.textHash, sha256(text))
  )
}

function leadsTo(content: PageContent, to: Page, signer: Uint8Array): boolean {
  if (content.type !== 'redirect') return false
  return equalBytes(
    pageLocator({ space: spaceOfRef(content.space, signer), path: content.path }),
    pageLocator(to),
  )
}
