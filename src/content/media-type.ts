/**
 * What a file is said to be, as RFC 6838 has it: `image/png`. Type and subtype in lower case and
 * nothing behind them, so that one kind of file has one name. It is its author's word: nothing that
 * a reader shows may rest on it.
 */
import { SheafError } from '../base/errors.ts'
import { MEDIA_TYPE_BYTES_MAX } from '../base/limits.ts'

/** For bytes of which nothing is known. */
export const ANY_BYTES = 'application/octet-stream'

const NAME = '[a-z0-9][a-z0-9!#$&^_.+-]*'
const MEDIA_TYPE = new RegExp(`^${NAME}/${NAME}$`)

/** By the end of a file's name: what wikis attach. */
const BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ['avif', 'image/avif'],
  ['csv', 'text/csv'],
  ['css', 'text/css'],
  ['epub', 'application/epub+zip'],
  ['gif', 'image/gif'],
  ['gz', 'application/gzip'],
  ['htm', 'text/html'],
  ['html', 'text/html'],
  ['jpeg', 'image/jpeg'],
  ['jpg', 'image/jpeg'],
  ['js', 'text/javascript'],
  ['json', 'application/json'],
  ['md', 'text/markdown'],
  ['mp3', 'audio/mpeg'],
  ['mp4', 'video/mp4'],
  ['odt', 'application/vnd.oasis.opendocument.text'],
  ['ogg', 'audio/ogg'],
  ['opus', 'audio/ogg'],
  ['pdf', 'application/pdf'],
  ['png', 'image/png'],
  ['svg', 'image/svg+xml'],
  ['tar', 'application/x-tar'],
  ['txt', 'text/plain'],
  ['wav', 'audio/wav'],
  ['webm', 'video/webm'],
  ['webp', 'image/webp'],
  ['xml', 'application/xml'],
  ['zip', 'application/zip'],
])

/** Passes media types. Throws BAD_FORMAT, TOO_LARGE. */
export function checkMediaType(text: string): void {
  if (text.length > MEDIA_TYPE_BYTES_MAX) {
    throw new SheafError(
      'TOO_LARGE',
      `a media type of ${text.length} letters where ${MEDIA_TYPE_BYTES_MAX} fit`,
    )
  }
  if (MEDIA_TYPE.test(text)) return
  throw new SheafError('BAD_FORMAT', 'a media type is two names in lower case, as image/png')
}

/** What a file of this name usually is; `application/octet-stream` where its end says nothing. */
export function mediaTypeOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return (dot < 0 ? undefined : BY_EXTENSION.get(name.slice(dot + 1).toLowerCase())) ?? ANY_BYTES
}
