/** What part of a file a request asks for: the header `range` of RFC 9110, one range of bytes. */

/** Bytes from `from` on and before `to`. */
export interface ByteRange {
  from: number
  to: number
}

/** Digits of the largest whole number that is exact. */
const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/

/** The part of a file of `bytes` that `header` names; `unsatisfiable` where it has no byte of it; undefined, which means all, where it names none that is understood. */
export function rangeOf(header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first, last] = (header === undefined ? null : RANGE.exec(header)) ?? []
  if (first === undefined || last === undefined || first + last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), bytes)
    return length === 0 ? 'unsatisfiable' : { from: bytes - length, to: bytes }
  }
  const from = Number(first)
  const to = last === '' ? bytes : Math.min(Number(last) + 1, bytes)
  if (last !== '' && Number(last) < from) return undefined
  return from >= bytes ? 'unsatisfiable' : { from, to }
}
