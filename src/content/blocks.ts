/**
 * The block structure of a markdown text, read line by line in linear time: which lines are text
 * and which are code, and how deep they are nested. It is what the link index and the check before
 * rendering need, at a small part of the price of a whole parse.
 *
 * It follows CommonMark 0.31 §5 with GFM's tables and footnotes, without raw HTML. Where a text is
 * so odd that a line could be read in two ways it says nothing of the lines up to the next place
 * that is certain: whoever asks for text gets lines that every CommonMark reader takes for text.
 */

/** Lines of one paragraph, heading or table. */
export interface TextRun {
  lines: Line[]
  /** A line of it looks like the one below the head of a table. */
  isTableLike: boolean
}

/** Where the text of a line stands, without the marks of the containers around it: UTF-16 units from the start. */
export interface Line {
  from: number
  to: number
}

export interface Blocks {
  runs: TextRun[]
  /** A line is within more than DEPTH_MAX quotes, list items and footnotes; it is not read. */
  isTooDeep: boolean
}

/** Deeper than anybody writes; reading a line costs its length times its depth. What is deeper is not rendered either. */
export const DEPTH_MAX = 32

/** The containers that may hold a line, the outermost first. */
type Container =
  | { type: 'quote' | 'note' }
  /** `width`: columns that a line of the item is indented by at least. `isEmpty`: nothing after its marker yet. */
  | { type: 'item'; width: number; isEmpty: boolean }

type Leaf =
  | { type: 'none' | 'code' }
  | { type: 'paragraph'; run: TextRun }
  | { type: 'fence'; mark: string; length: number }

const NONE: Leaf = { type: 'none' }
const CODE: Leaf = { type: 'code' }
/** Columns from which on a line is code where it does not go on with a paragraph. */
const CODE_INDENT = 4
/** Columns that the further lines of a footnote are indented by. */
const NOTE_INDENT = 4
const TAB_STOP = 4

const HEADING = /#{1,6}(?=[ \t]|$)/y
const FENCE = /`{3,}(?=[^`]*$)|~{3,}/y
const FENCE_END = /(`{3,}|~{3,})[ \t]*$/y
const BREAK = /(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$/y
const UNDERLINE = /(?:=+|-+)[ \t]*$/y
const MARKER = /(?:[*+-]|(\d{1,9})[.)])(?=[ \t]|$)/y
const NOTE = /\[\^(?:[^\s[\]\\]|\\.){1,999}\]:/y
const FENCE_LIKE = /`{3}|~{3}/
const BLANK = /^[ \t]*$/
/** A line that begins with none of the marks of a block ends, after a blank one, all that was open but a fence. */
const CERTAIN = /^[^\s>*+\-\d[|:=`~]/

/** Markdown with line ends of any kind → its text. Memory and time grow with its length alone. */
export function readBlocks(markdown: string): Blocks {
  const reader = new BlockReader(markdown)
  for (const line of linesOf(markdown)) reader.read(line)
  return reader.finish()
}

function* linesOf(markdown: string): Generator<Line> {
  const end = /\r\n?|\n/g
  let from = 0
  for (let found = end.exec(markdown); found !== null; found = end.exec(markdown)) {
    yield { from, to: found.index }
    from = end.lastIndex
  }
  yield { from, to: markdown.length }
}

class BlockReader {
  readonly #markdown: string
  readonly #runs: TextRun[] = []
  readonly #containers: Container[] = []
  #leaf: Leaf = NONE
  #isTooDeep = false
  /** Whether it is known what is open; a fence that may have begun meanwhile leaves no certain place. */
  #sureness: 'sure' | 'lost' | 'lost for good' = 'sure'
  #wasBlank = true
  /** The line that is read, where it begins, its next unit, and the column of that. */
  #line = ''
  #from = 0
  #at = 0
  #column = 0
  /** How many of the containers this line is within. */
  #matched = 0

  constructor(markdown: string) {
    this.#markdown = markdown
  }

  read({ from, to }: Line): void {
    this.#line = this.#markdown.slice(from, to)
    this.#from = from
    this.#at = 0
    this.#column = 0
    if (this.#isReadable()) this.#readLine()
    this.#wasBlank = BLANK.test(this.#line)
  }

  finish(): Blocks {
    this.#closeLeaf()
    return { runs: this.#runs, isTooDeep: this.#isTooDeep }
  }

  /** Passes where it is known what is open, or where this line closes whatever may be. */
  #isReadable(): boolean {
    if (this.#sureness === 'sure') return true
    if (this.#sureness === 'lost' && this.#wasBlank && CERTAIN.test(this.#line)) {
      this.#sureness = 'sure'
      return true
    }
    if (FENCE_LIKE.test(this.#line)) this.#sureness = 'lost for good'
    return false
  }

  /** What is open may go on in a way that is not known, and then end code or an address that began in it. */
  #lose(): void {
    if (this.#leaf.type === 'paragraph' && this.#leaf.run.lines.some((line) => this.#isOpenEnded(line))) {
      this.#leaf = NONE
    }
    this.#closeLeaf()
    this.#containers.length = 0
    this.#sureness = FENCE_LIKE.test(this.#line) ? 'lost for good' : 'lost'
  }

  #isOpenEnded({ from, to }: Line): boolean {
    return /`|\][(:]/.test(this.#markdown.slice(from, to))
  }

  #readLine(): void {
    this.#matchContainers()
    const isWhole = this.#matched === this.#containers.length
    if (this.#leaf.type === 'fence') {
      if (isWhole) return this.#readInFence(this.#leaf)
      this.#leaf = NONE
    }
    const open = isWhole ? this.#leaf : NONE
    while (!this.#isBlankAhead()) {
      const opened = this.#openBlock(open)
      if (opened === 'line') return
      if (opened === 'text') return this.#readText()
    }
    const isInCode = this.#leaf.type === 'code'
    this.#close()
    if (isInCode) this.#leaf = CODE
  }

  /** Goes past the marks of the containers that this line is within. */
  #matchContainers(): void {
    this.#matched = 0
    for (const container of this.#containers) {
      if (!this.#isWithin(container)) return
      this.#matched++
    }
  }

  #isWithin(container: Container): boolean {
    const indent = this.#indentAhead()
    const isBlank = this.#isBlankAhead()
    switch (container.type) {
      case 'quote':
        if (isBlank || indent >= CODE_INDENT || this.#unitAhead() !== '>') return false
        this.#openQuote(indent)
        return true
      case 'note':
        if (isBlank) return true
        // remark takes the indent of a footnote for that of one which begins on its line, too
        if (indent === 0 && this.#containers[this.#matched - 1]?.type === 'note') return true
        if (indent < NOTE_INDENT) return false
        this.#skipColumns(NOTE_INDENT)
        return true
      case 'item':
        if (isBlank) return !container.isEmpty
        if (indent < container.width) return false
        container.isEmpty = false
        this.#skipColumns(container.width)
        return true
    }
  }

  #readInFence({ mark, length }: { mark: string; length: number }): void {
    if (this.#indentAhead() >= CODE_INDENT) return
    this.#skipIndent()
    const end = this.#look(FENCE_END)
    if (end !== null && end[1]!.startsWith(mark) && end[1]!.length >= length) this.#leaf = NONE
  }

  /**
   * Opens what begins here: a container, after which the line goes on, or a block of this line.
   * `interrupted`: what was open in the innermost container when the line began, where it is within all of them.
   */
  #openBlock(interrupted: Leaf): 'container' | 'line' | 'text' {
    const indent = this.#indentAhead()
    const paragraph = this.#leaf.type === 'paragraph' ? this.#leaf.run : undefined
    if (indent >= CODE_INDENT) {
      if (paragraph?.isTableLike) return this.#lost()
      if (paragraph !== undefined) return 'text'
      this.#close()
      this.#leaf = CODE
      return 'line'
    }
    if (this.#unitAhead() === '>') {
      this.#close()
      this.#openQuote(indent)
      return this.#open({ type: 'quote' })
    }
    this.#skipIndent()
    if (interrupted === this.#leaf && paragraph !== undefined && this.#look(UNDERLINE) !== null) {
      // what is all definitions of links is no heading, and the line then text
      if (paragraph.isTableLike || this.#markdown[paragraph.lines[0]!.from] === '[') return this.#lost()
      this.#close()
      return 'line'
    }
    const heading = this.#look(HEADING)
    if (heading !== null) {
      this.#close()
      this.#at += heading[0].length
      this.#runs.push({ lines: [this.#rest()], isTableLike: false })
      return 'line'
    }
    const fence = this.#look(FENCE)
    if (fence !== null) {
      this.#close()
      this.#leaf = { type: 'fence', mark: fence[0][0]!, length: fence[0].length }
      return 'line'
    }
    if (this.#look(BREAK) !== null) {
      this.#close()
      return 'line'
    }
    const note = this.#look(NOTE)
    if (note !== null) {
      this.#close()
      this.#skipUnits(note[0].length)
      this.#skipIndent()
      return this.#open({ type: 'note' })
    }
    return this.#openItem(indent, interrupted)
  }

  #openItem(indent: number, interrupted: Leaf): 'container' | 'line' | 'text' {
    const marker = this.#look(MARKER)
    if (marker === null) return 'text'
    const [mark, number] = marker
    const isEmpty = BLANK.test(this.#line.slice(this.#at + mark.length))
    if (interrupted.type !== 'none' && (isEmpty || (number !== undefined && number !== '1'))) {
      // it does not interrupt a paragraph; readers differ over tables and code, and behind another marker
      const isParagraph = interrupted.type === 'paragraph' && !interrupted.run.isTableLike
      return isParagraph && interrupted === this.#leaf ? 'text' : this.#lost()
    }
    this.#close()
    this.#skipUnits(mark.length)
    const space = this.#indentAhead()
    // more than four columns before its text are one, and code behind it
    const padding = isEmpty || space > CODE_INDENT ? 1 : space
    if (!isEmpty) this.#skipColumns(padding)
    else this.#at = this.#line.length
    return this.#open({ type: 'item', width: indent + mark.length + padding, isEmpty })
  }

  #lost(): 'line' {
    this.#lose()
    return 'line'
  }

  /** The rest of the line belongs to the open paragraph, also where it is not within all of its containers, or begins one. */
  #readText(): void {
    this.#skipIndent()
    if (this.#leaf.type !== 'paragraph') {
      this.#close()
      this.#leaf = { type: 'paragraph', run: { lines: [this.#rest()], isTableLike: false } }
      return
    }
    const { run } = this.#leaf
    if (run.isTableLike && this.#matched < this.#containers.length) return this.#lose()
    run.lines.push(this.#rest())
    const text = this.#line.slice(this.#at)
    if (/^[|:\- \t]+$/.test(text) && text.includes('-') && /[|:]/.test(text)) run.isTableLike = true
  }

  #openQuote(indent: number): void {
    this.#skipColumns(indent)
    this.#skipUnits(1)
    if (this.#indentAhead() > 0) this.#skipColumns(1)
  }

  #open(container: Container): 'container' | 'line' {
    if (this.#containers.length === DEPTH_MAX) {
      this.#isTooDeep = true
      return this.#lost()
    }
    this.#containers.push(container)
    this.#matched = this.#containers.length
    return 'container'
  }

  /** Closes the open block and the containers that this line is not within. */
  #close(): void {
    this.#closeLeaf()
    this.#containers.length = this.#matched
  }

  #closeLeaf(): void {
    if (this.#leaf.type === 'paragraph') this.#runs.push(this.#leaf.run)
    this.#leaf = NONE
  }

  #rest(): Line {
    return { from: this.#from + this.#at, to: this.#from + this.#line.length }
  }

  #look(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#line)
  }

  /** Columns of spaces and tabs from here to what follows them. */
  #indentAhead(): number {
    let column = this.#column
    for (let at = this.#at; ; at++) {
      if (this.#line[at] === ' ') column++
      else if (this.#line[at] === '\t') column += TAB_STOP - (column % TAB_STOP)
      else return column - this.#column
    }
  }

  #isBlankAhead(): boolean {
    return this.#afterIndent() === this.#line.length
  }

  #unitAhead(): string | undefined {
    return this.#line[this.#afterIndent()]
  }

  #afterIndent(): number {
    let at = this.#at
    while (this.#line[at] === ' ' || this.#line[at] === '\t') at++
    return at
  }

  #skipIndent(): void {
    this.#column += this.#indentAhead()
    this.#at = this.#afterIndent()
  }

  #skipUnits(count: number): void {
    this.#at += count
    this.#column += count
  }

  /** Past so many columns of spaces and tabs; of a tab that reaches further the rest is still ahead. */
  #skipColumns(count: number): void {
    const until = this.#column + count
    while (this.#column < until) {
      const isTab = this.#line[this.#at] === '\t'
      const next = isTab ? this.#column + TAB_STOP - (this.#column % TAB_STOP) : this.#column + 1
      if (next <= until) this.#at++
      this.#column = Math.min(next, until)
    }
  }
}
