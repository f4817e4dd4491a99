/**
 * Markdown → its tree (mdast): CommonMark and GFM with wiki links and without raw HTML, MARKUP version 1.
 * Where `linksIn` finds a link there is one here, and nowhere else.
 */
import type { Literal, Root } from 'mdast'
import { remark } from 'remark'
import remarkGfm from 'remark-gfm'
import type { Data, Plugin, Processor } from 'unified'
import type { WikiLink } from '../links.ts'

/** A wiki link in the tree; `value` is its source. */
export interface WikiLinkNode extends Literal {
  type: 'wikiLink'
  link: WikiLink
}

declare module 'mdast' {
  interface PhrasingContentMap {
    wikiLink: WikiLinkNode
  }
  interface RootContentMap {
    wikiLink: WikiLinkNode
  }
}

declare module 'micromark-util-types' {
  interface TokenTypeMap {
    wikiLink: 'wikiLink'
  }
}

type Syntax = NonNullable<Data['micromarkExtensions']>[number]
type TreeSyntax = Exclude<NonNullable<Data['fromMarkdownExtensions']>[number], unknown[]>
type Construct = Exclude<NonNullable<NonNullable<Syntax['text']>[number]>, unknown[]>
type Tokenize = Construct['tokenize']

/** `links` are those that `linksIn` finds in the same text. May take long, and must not be told of what is deeply nested. */
export function parseMarkdown(markdown: string, links: readonly WikiLink[]): Root {
  return remark().use(remarkGfm).use(wikiLinks, links).parse(markdown)
}

const wikiLinks: Plugin<[readonly WikiLink[]], Root> = function (this: Processor, links) {
  const data = this.data()
  const byStart = new Map(links.map((link) => [link.from, link]))
  data.micromarkExtensions = [...(data.micromarkExtensions ?? []), WITHOUT_HTML, syntaxOf(byStart)]
  data.fromMarkdownExtensions = [...(data.fromMarkdownExtensions ?? []), treeSyntaxOf(byStart)]
}

/** `<` is a character like others, but where an address stands in angle brackets. */
const WITHOUT_HTML: Syntax = { disable: { null: ['htmlFlow', 'htmlText'] } }

function syntaxOf(byStart: ReadonlyMap<number, WikiLink>): Syntax {
  const tokenize: Tokenize = function (effects, ok, nok) {
    const { offset } = this.now()
    const link = byStart.get(offset)
    if (link === undefined) return nok
    let left = link.to - link.from
    const inside: ReturnType<Tokenize> = (code) => {
      effects.consume(code)
      left--
      if (left > 0) return inside
      effects.exit('wikiLink')
      return ok
    }
    return (code) => {
      effects.enter('wikiLink')
      return inside(code)
    }
  }
  const construct: Construct = { name: 'wikiLink', tokenize }
  return { text: { ['['.charCodeAt(0)]: construct, ['!'.charCodeAt(0)]: construct } }
}

function treeSyntaxOf(byStart: ReadonlyMap<number, WikiLink>): TreeSyntax {
  return {
    enter: {
      wikiLink(token) {
        const link = byStart.get(token.start.offset)!
        this.enter({ type: 'wikiLink', value: this.sliceSerialize(token), link }, token)
      },
    },
    exit: {
      wikiLink(token) {
        this.exit(token)
      },
    },
  }
}
