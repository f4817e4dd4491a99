/** What a commit becomes in words: a summary of one line, with a label of who wrote it. Their name is a label and no key: nothing here is signed by them. */
import { domainHash } from '../../base/hash.ts'
import { SUMMARY_BYTES_MAX } from '../../base/limits.ts'
import type { Commit } from './stream.ts'

const NAME_LETTERS_MAX = 80

/** `Subject (Ann Author, git 1a2b…)`. */
export function summaryOf({ message, author, oid }: Pick<Commit, 'message' | 'author' | 'oid'>): string {
  const label = ` (${Array.from(clean(author)).slice(0, NAME_LETTERS_MAX).join('')}, git ${oid})`
  const room = SUMMARY_BYTES_MAX - Buffer.byteLength(label)
  const [subject = ''] = message.split('\n')
  let kept = ''
  let bytes = 0
  for (const letter of clean(subject)) {
    bytes += Buffer.byteLength(letter)
    if (bytes > room) break
    kept += letter
  }
  return (kept + label).trim()
}

/** 16 hexadecimal digits that are the same whenever this commit is imported to this page. */
export function nonceOf(oid: string, path: string): string {
  const hash = domainHash('sheaf/1 imported commit', Buffer.from(oid), Buffer.from(path))
  return Buffer.from(hash.subarray(0, 8)).toString('hex')
}

/** When a commit says that it was made, as far as six bytes can say it. */
export function timeMsOf({ timeS }: Pick<Commit, 'timeS'>): number {
  return Math.min(Math.max(0, timeS * 1000), 2 ** 48 - 1)
}

function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
}
