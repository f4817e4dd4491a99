/** Publishing a file of which is known what it was made from. */
import { statSync } from 'node:fs'
import { SheafError } from '../base/errors.ts'
import { type Base, baseOf, forgetBase, rememberBase } from './bases.ts'
import { type Cli, note } from './cli.ts'
import { readPageFile } from './folder.ts'
import { type MadeOptions, publishMade } from './made.ts'
import { type Sent, tellSent } from './sending.ts'

interface NamedFile {
  /** As a person named it. */
  file: string
  absolute: string
}

/** A line that git, and we, begin or end a conflict with. */
const MARKER = /^(<{7,}|>{7,})( .*)?$/m

/** Whether the file was one that is remembered, and was published. Another page that `--as` names is none of its own. */
export async function publishRemembered(
  cli: Cli,
  named: NamedFile,
  options: MadeOptions & { as?: string; asFile?: boolean },
): Promise<boolean> {
  const base = isFile(named.absolute) && options.asFile !== true ? baseOf(cli, named.absolute) : undefined
  const isMeant = base !== undefined && (options.as === undefined || base.page.endsWith(`/${options.as}`))
  if (!isMeant) {
    if (!options.merge && !options.fork) return false
    throw new SheafError('BAD_ARGUMENT', `nothing is known of what ${named.file} was made from`, {
      hint: 'sheaf get PAGE --out FILE writes a file that can be merged',
    })
  }
  const text = Buffer.from(readPageFile({ ...named, path: '' }).bytes).toString()
  if (base.hasMarkers && MARKER.test(text)) {
    throw new SheafError('CONFLICT', `conflicts stand in ${named.file}, between markers`, {
      hint: 'decide each of them, take the markers out, and publish it again',
    })
  }
  const sent = await publishMade(cli, { page: base.page, text, parents: base.parents }, options)
  renew(cli, named.absolute, base, sent)
  note(cli.shell, options, `${named.file} goes on from this version`)
  await tellSent(cli, sent, options)
  return true
}

/** What was published is what the file was made from now; after a merge the page says something else than the file. */
function renew(cli: Cli, absolute: string, { page }: Base, { stored }: Sent): void {
  const [first] = stored
  if (first === undefined) forgetBase(cli, absolute)
  else rememberBase(cli, absolute, { page, parents: [first.id], hasMarkers: false })
}

function isFile(absolute: string): boolean {
  return statSync(absolute, { throwIfNoEntry: false })?.isFile() === true
}
