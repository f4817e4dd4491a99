/**
 * Page paths, such as `garden/bees`, and the files that pages are exported to.
 *
 * A path is what a person would call the page, so the rules (PATH_RULES) refuse only what cannot
 * be told apart on a screen or would climb out of a folder. What some file system cannot take,
 * but a person may well write (`What is this?`), is legal and escaped in the file's name:
 *
 *     garden/bees      garden/bees.md
 *     common/%         common/%.md
 *     what is this?    what is this%3F.md
 *     aux/con          %61ux/%63on.md          devices on Windows
 *     notes.md/today   notes%2Emd/today.md     a folder that the page `notes` would stand in the way of
 *     100%25           100%2525.md             the only case in which % itself is escaped
 *
 * The characters are listed by number and not by Unicode's properties, which differ between
 * versions of Node: what is legal here must be legal on every machine. (NFC too knows a
 * Unicode version, but never changes its mind about letters that exist.)
 */
import { checked, text } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import {
  FILE_NAME_BYTES_MAX,
  PATH_BYTES_MAX,
  PATH_SEGMENT_BYTES_MAX,
  PATH_SEGMENTS_MAX,
} from '../base/limits.ts'

export { PATH_BYTES_MAX }

const EXTENSION = '.md'

/** Controls of C0 and C1. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/**
 * What shows as nothing or turns the text around: soft hyphen, joiners, fillers, direction
 * marks, variation selectors, byte-order mark, tags, line separators, noncharacters.
 */
const INVISIBLE = new RegExp(
  '[\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e' +
    '\\u2060-\\u206f\\u3164\\ufdd0-\\ufdef\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff' +
    '\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}' +
    `${Array.from({ length: 16 }, (_, i) => `\\u{${(i + 1).toString(16)}fffe}\\u{${(i + 1).toString(16)}ffff}`).join('')}]`,
  'u',
)

/** Spaces that look like U+0020 and are not, or have another width. */
const OTHER_SPACE = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/

/** Whether text has a character that does not show for what it is. */
export function hasHidden(text: string): boolean {
  return CONTROL.test(text) || INVISIBLE.test(text) || OTHER_SPACE.test(text)
}

/** What no name on Windows may hold; the slash and the backslash are not legal in a segment at all. */
const FORBIDDEN_IN_FILES = /[<>:"|?*]/g

/** Names that are devices on Windows in every folder, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?= *(?:\.|$))/i

/** A folder `notes.md` and the file of the page `notes` would have one name. */
const FOLDER_LIKE_FILE = /\.(?=md$)/i

/** A dot that hides a file, or that Windows drops. */
const OUTER_DOT = /^\.|\.$/g

/**
 * What `exportName` may write: the forbidden characters, the dot of a folder, the first letter
 * of a device, and a % that stands before one of these. `%20` is none of them and stays itself.
 */
const ESCAPED = '2[25AE]|3[ACEF]|7C|4[13CE]|50|6[13CE]|70'
const ESCAPE = new RegExp(`%(${ESCAPED})`, 'g')
const PERCENT_BEFORE_ESCAPE = new RegExp(`%(?=${ESCAPED})`, 'g')

export interface PathRule {
  name: string
  /** What must be so, as one line for a person. */
  says: string
  /** Whether the path keeps to it. Rules are asked in their order; each may rely on those before it. */
  holds(path: string): boolean
}

/** The rules of page paths; the documentation prints them as they stand here. */
export const PATH_RULES: readonly PathRule[] = [
  {
    name: 'unicode',
    says: 'a path is well-formed Unicode: no half of a surrogate pair',
    holds: (path) => path.isWellFormed(),
  },
  {
    name: 'length',
    says: `a path has 1 to ${PATH_BYTES_MAX} bytes of UTF-8`,
    holds: (path) => path !== '' && Buffer.byteLength(path) <= PATH_BYTES_MAX,
  },
  {
    name: 'segments',
    says: `a path is 1 to ${PATH_SEGMENTS_MAX} segments with a slash between each two`,
    holds: (path) => path.split('/').length <= PATH_SEGMENTS_MAX,
  },
  {
    name: 'segment',
    says: `a segment has 1 to ${PATH_SEGMENT_BYTES_MAX} bytes of UTF-8`,
    holds: (path) =>
      path.split('/').every((name) => name !== '' && Buffer.byteLength(name) <= PATH_SEGMENT_BYTES_MAX),
  },
  {
    name: 'control',
    says: 'no control characters (U+0000 to U+001F, U+007F to U+009F)',
    holds: (path) => !CONTROL.test(path),
  },
  {
    name: 'invisible',
    says: 'no characters that show as nothing, change the direction of text, or are none',
    holds: (path) => !INVISIBLE.test(path),
  },
  {
    name: 'space',
    says: 'no space at either end of a segment, and no space other than U+0020',
    holds: (path) => !OTHER_SPACE.test(path) && path.split('/').every((name) => name === name.trim()),
  },
  {
    name: 'backslash',
    says: 'no backslash, which is a slash on Windows',
    holds: (path) => !path.includes('\\'),
  },
  {
    name: 'dots',
    says: 'a segment before a slash neither begins nor ends with a dot, and the last is not two dots',
    holds: (path) => {
      const names = path.split('/')
      const last = names.pop()
      return last !== '..' && names.every((name) => !name.startsWith('.') && !name.endsWith('.'))
    },
  },
  {
    name: 'nfc',
    says: 'a path is in Unicode normal form C, and so is the name of its file',
    holds: (path) => isNfc(path) && isNfc(fileNames(path).join('/')),
  },
  {
    name: 'file',
    says: `a segment fits a file name of ${FILE_NAME_BYTES_MAX} bytes when its escapes are written out`,
    holds: (path) => fileNames(path).every((name) => Buffer.byteLength(name) <= FILE_NAME_BYTES_MAX),
  },
]

/** Letters, digits and a few marks, up to 100 characters: legal at a glance. Devices and `.md` folders too are legal. */
const PLAIN = /^(?=.{1,100}$)[a-z0-9_-]+(?:\/[a-z0-9_-]+){0,7}$/i

/** The first rule that `path` breaks, or undefined where it is legal. */
export function brokenRule(path: string): PathRule | undefined {
  return PLAIN.test(path) ? undefined : PATH_RULES.find((rule) => !rule.holds(path))
}

/** Passes legal paths. Throws BAD_PATH with the rule that is broken. */
export function checkPath(path: string): void {
  const rule = brokenRule(path)
  if (rule === undefined) return
  throw new SheafError('BAD_PATH', `${shown(path)} breaks the rule "${rule.name}": ${rule.says}`)
}

/** A path within a record. */
export const pathCodec = checked(text(PATH_BYTES_MAX, 1), checkPath)

/**
 * Legal path → the file it is exported to, relative to the folder of the space, with slashes
 * on every system. No two paths have one file, and none leaves the folder.
 * Throws BAD_PATH where the path is not legal.
 */
export function exportName(path: string): string {
  checkPath(path)
  return fileNames(path).join('/')
}

/**
 * Legal path of a page that is a file → the file it is exported to: its name stays as it is, but
 * for what a file system cannot take, an end `.md`, which is that of texts, and a dot that would hide
 * it or get lost. No two have one file, and none has that of a text. Throws BAD_PATH.
 */
export function attachmentName(path: string): string {
  checkPath(path)
  const names = fileNames(path)
  const last = names
    .pop()!
    .slice(0, -EXTENSION.length)
    .replace(FOLDER_LIKE_FILE, escapeCharacter)
    .replace(OUTER_DOT, escapeCharacter)
  return [...names, last].join('/')
}

/** File that is no markdown, relative to the folder of the space → page path; the inverse of `attachmentName`. Throws BAD_PATH where the path would not be legal. */
export function pathOfAttachment(file: string): string {
  const path = unescaped(file)
  checkPath(path)
  return path
}

/**
 * File, relative to the folder of the space with slashes → page path; the inverse of
 * `exportName`. Names that export would not write are read as well (`why?.md` is the page that
 * is exported to `why%3F.md`), and names that a file system took apart are put together (NFC).
 * Throws BAD_PATH where the file is no markdown file or the path would not be legal.
 */
export function pathOfFile(file: string): string {
  if (!file.endsWith(EXTENSION)) {
    throw new SheafError('BAD_PATH', `${shown(file)} does not end with ${EXTENSION}`)
  }
  const path = unescaped(file.slice(0, -EXTENSION.length))
  checkPath(path)
  return path
}

function unescaped(file: string): string {
  return file
    .normalize('NFC')
    .replace(ESCAPE, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

/**
 * Files and folders of the export that would be one on a file system that takes upper and
 * lower case for the same (macOS, Windows): groups of names, sorted. It asks for a little more
 * difference than they do (`ß` and `ss` collide), so that it is right for each of them.
 */
export function exportCollisions(paths: Iterable<string>): string[][] {
  const spellings = new Map<string, Set<string>>()
  for (const path of paths) {
    const names = exportName(path).split('/')
    for (let depth = 1; depth <= names.length; depth++) {
      const name = names.slice(0, depth).join('/')
      const folded = foldCase(name)
      const known = spellings.get(folded)
      if (known === undefined) spellings.set(folded, new Set([name]))
      else known.add(name)
    }
  }
  return [...spellings.values()].filter((names) => names.size > 1).map((names) => [...names].sort())
}

/** The names of the folders and the file, escaped. */
function fileNames(path: string): string[] {
  const segments = path.split('/')
  const last = segments.length - 1
  return segments.map((segment, depth) => {
    const name = segment
      .replace(PERCENT_BEFORE_ESCAPE, escapeCharacter)
      .replace(FORBIDDEN_IN_FILES, escapeCharacter)
      .replace(DEVICE, (device) => escapeCharacter(device[0]!) + device.slice(1))
    return depth === last ? name + EXTENSION : name.replace(FOLDER_LIKE_FILE, escapeCharacter)
  })
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

function isNfc(text: string): boolean {
  return text.normalize('NFC') === text
}

function foldCase(name: string): string {
  return name.normalize('NFD').toUpperCase().toLowerCase().normalize('NFD')
}

/** A stranger's path for one line of a message: short, and nothing in it that a terminal would obey. */
function shown(path: string): string {
  const escaped = Array.from(path.slice(0, 80), (character) =>
    CONTROL.test(character) || INVISIBLE.test(character)
      ? `\\u{${character.codePointAt(0)!.toString(16)}}`
      : character,
  )
  return `"${escaped.join('')}"`
}
