/**
 * What strace wrote, as system calls that begin and end, in the order in which that was seen.
 *
 *     812 1795236970.032466 write(21<HOME/index/000003.log>, "…", 412) = 412       begins and ends
 *     812 1795236970.040001 fdatasync(22<HOME/index/000003.log> <unfinished ...>    begins
 *     812 1795236970.041207 <... fdatasync resumed>)    = 0                            ends
 */

export interface Call {
  readonly phase: 'begin' | 'end'
  readonly pid: number
  /** Seconds since 1970, as strace gives them. */
  readonly seconds: number
  readonly name: string
  /** Behind the opening bracket; at the end of a call that was cut in two, all of its arguments. */
  readonly args: string
  /** Behind the equals sign; empty at a beginning. */
  readonly result: string
}

const LINE = /^(\d+) +(\d+\.\d+) (.*)$/
const WHOLE = /^([a-z0-9_]+)\((.*)\) += (.*)$/s
const BEGUN = /^([a-z0-9_]+)\((.*?)(?:,? )?<unfinished \.\.\.>$/s
const RESUMED = /^<\.\.\. ([a-z0-9_]+) resumed>(.*)\) += (.*)$/s

/** Lines that are no calls (signals, exits) say nothing here. */
export function* callsIn(lines: Iterable<string>): Generator<Call> {
  /** What each thread has begun and not ended. */
  const begun = new Map<string, string>()
  for (const line of lines) {
    const [, pidText, secondsText, rest] = LINE.exec(line) ?? []
    if (rest === undefined) continue
    const common = { pid: Number(pidText), seconds: Number(secondsText) }
    const whole = WHOLE.exec(rest)
    const first = whole === null ? BEGUN.exec(rest) : null
    const last = whole === null && first === null ? RESUMED.exec(rest) : null
    if (whole !== null) {
      const [, name, args, result] = whole as unknown as [string, string, string, string]
      yield { ...common, phase: 'begin', name, args, result: '' }
      yield { ...common, phase: 'end', name, args, result }
    } else if (first !== null) {
      const [, name, args] = first as unknown as [string, string, string]
      begun.set(`${pidText} ${name}`, args)
      yield { ...common, phase: 'begin', name, args, result: '' }
    } else if (last !== null) {
      const [, name, more, result] = last as unknown as [string, string, string, string]
      const args = `${begun.get(`${pidText} ${name}`) ?? ''}${more}`
      begun.delete(`${pidText} ${name}`)
      yield { ...common, phase: 'end', name, args, result }
    }
  }
}

/** The file that a call's first argument, or its result, stands for: `21</a/b>` → `/a/b`. */
export function fileOf(text: string): string | undefined {
  return /^\d+<(\/[^>]*)>/.exec(text)?.[1]?.replace(/ ?\(deleted\)$/, '')
}
