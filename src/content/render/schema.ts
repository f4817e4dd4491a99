/**
 * What rendered pages may consist of. Nothing else passes, whatever the steps before it let through:
 * no element that runs, loads or floats, no attribute that is a handler or a style, and no id or name
 * that does not begin with ID_PREFIX, so that none can stand for a variable of a script around it.
 */
import type { Options as Schema } from 'rehype-sanitize'

export const ID_PREFIX = 'user-content-'

/** A class of our own for what is neither a link nor plain text. */
export const CLASSES = {
  /** A wiki link to a page whose name cannot be one. */
  broken: 'broken',
  /** An address that is not linked. */
  refused: 'refused',
  wiki: 'wiki',
  /** A link in place of an image. */
  image: 'image',
} as const

const TEXT_LEVEL = ['a', 'br', 'code', 'del', 'em', 'img', 'input', 'span', 'strong', 'sup']
const BLOCKS = [
  'blockquote',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'hr',
  'li',
  'ol',
  'p',
  'pre',
  'section',
  'ul',
]
const TABLES = ['table', 'tbody', 'td', 'th', 'thead', 'tr']
const ALIGN: [string, ...string[]] = ['align', 'left', 'right', 'center']

/** `scheme`: what the addresses of pages begin with, where that is one. */
export function schemaFor(scheme: string | undefined): Schema {
  const schemes = ['http', 'https', ...(scheme === undefined ? [] : [scheme])]
  return {
    tagNames: [...TEXT_LEVEL, ...BLOCKS, ...TABLES],
    attributes: {
      a: [
        'href',
        'id',
        'title',
        'ariaDescribedBy',
        'ariaLabel',
        'dataFootnoteBackref',
        'dataFootnoteRef',
        ['className', CLASSES.wiki, CLASSES.image, 'data-footnote-backref'],
        ['rel', 'nofollow', 'noopener', 'noreferrer'],
      ],
      code: [['className', /^language-./]],
      h1: ['id'],
      h2: ['id', ['className', 'sr-only']],
      h3: ['id'],
      h4: ['id'],
      h5: ['id'],
      h6: ['id'],
      img: ['src', 'alt', 'title', ['loading', 'lazy'], ['referrerPolicy', 'no-referrer']],
      input: ['checked', ['disabled', true], ['type', 'checkbox']],
      li: ['id', ['className', 'task-list-item']],
      ol: ['start', ['className', 'contains-task-list']],
      section: ['dataFootnotes', ['className', 'footnotes']],
      span: ['title', ['className', CLASSES.broken, CLASSES.refused]],
      td: [ALIGN],
      th: [ALIGN],
      ul: [['className', 'contains-task-list']],
    },
    ancestors: { tbody: ['table'], td: ['table'], th: ['table'], thead: ['table'], tr: ['table'] },
    clobber: ['ariaDescribedBy', 'id'],
    clobberPrefix: ID_PREFIX,
    protocols: { href: [...schemes, 'mailto'], src: ['http', 'https'] },
    required: { input: { disabled: true, type: 'checkbox' } },
    strip: ['script', 'style'],
    allowComments: false,
    allowDoctypes: false,
  }
}
