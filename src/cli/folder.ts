/** A folder of markdown on its way in: which files are pages, of which path, and what is wrong with them. */
import { type Dirent, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { asSheafError, SheafError } from '../base/errors.ts'
import { checkPath, pathOfAttachment, pathOfFile } from '../content/path.ts'
import { type NormalText, normaliseMarkdown, PAGE_BYTES_MAX } from '../content/text.ts'

export interface PageFile {
  /** As a person would name it: relative to the folder, or as it was given. */
  file: string
  absolute: string
  path: string
}

export interface Folder {
  /** Sorted by file. */
  files: PageFile[]
  /** Files that are no markdown; whoever wants them publishes them as they are. */
  others: PageFile[]
  /** What was passed over, with the reason. */
  skipped: { file: string; why: string }[]
  /** Files that cannot become pages. */
  problems: Problem[]
}

export interface Problem {
  file: string
  error: SheafError
}

/** Normalising takes away marks at the start and CRs at line ends, at most half of a file. */
const FILE_BYTES_MAX = 2 * PAGE_BYTES_MAX
const EXTENSION = '.md'

/** The page that is made of one file. `as` is its path; else the file's name says it. Throws NOT_FOUND, BAD_PATH. */
export function pageOfFile(file: string, absolute: string, as: string | undefined): PageFile {
  if (as === undefined) return { file, absolute, path: pathOfFile(basename(absolute)) }
  checkPath(as)
  return { file, absolute, path: as }
}

/** The page that is made of one file that is no markdown, as `pageOfFile` does. */
export function pageOfAttachment(file: string, absolute: string, as: string | undefined): PageFile {
  const path = as ?? pathOfAttachment(basename(absolute))
  checkPath(path)
  return { file, absolute, path }
}

/** Whether a file's name says that it is a page. */
export function isMarkdown(file: string): boolean {
  return file.endsWith(EXTENSION)
}

/**
 * The markdown files in a folder and its subfolders, and the other files by themselves. Names that begin with a
 * dot, such as .git, are not looked at, but for markdown. Links to folders are passed over, and so are links to
 * files elsewhere. `as` stands before each path. Of two files with one path the second is a problem.
 */
export function readFolder(root: string, as: string | undefined): Folder {
  const folder: Folder = { files: [], others: [], skipped: [], problems: [] }
  if (as !== undefined) checkPath(as)
  walk(folder, realpathSync(root), [], as)
  const byPath = new Map<string, string>()
  const files = folder.files.filter(({ path, file }) => {
    const other = byPath.get(path)
    if (other === undefined) return byPath.set(path, file)
    const error = new SheafError('AMBIGUOUS', `${other} and ${file} would both be the page ${path}`, {
      hint: 'rename or move one of them',
    })
    folder.problems.push({ file, error })
    return false
  })
  return { ...folder, files }
}

/** The text of a file in normal form, and what had to change. Throws BAD_TEXT, TOO_LARGE, NOT_FOUND, BAD_ARGUMENT. */
export function readPageFile({ file, absolute }: PageFile): NormalText {
  try {
    const stat = statSync(absolute)
    if (!stat.isFile()) throw new SheafError('BAD_ARGUMENT', `${file} is no file`)
    if (stat.size > FILE_BYTES_MAX) {
      throw new SheafError('TOO_LARGE', `${file} has ${stat.size} bytes where a page takes ${PAGE_BYTES_MAX}`)
    }
    return normaliseMarkdown(readFileSync(absolute))
  } catch (error) {
    throw fileError(error, file)
  }
}

/** What the file system complains of, about a file that a person named. */
export function fileError(error: unknown, file: string): SheafError {
  if (error instanceof SheafError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new SheafError('NOT_FOUND', `there is no ${file}`, { cause: error })
  }
  return new SheafError('BAD_ARGUMENT', `cannot read ${file}: ${code}`, { cause: error })
}

function walk(folder: Folder, root: string, names: readonly string[], as: string | undefined): void {
  const directory = join(root, ...names)
  for (const entry of entriesOf(folder, directory, names)) {
    const inside = [...names, entry.name]
    const file = inside.join('/')
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('.')) walk(folder, root, inside, as)
    } else if (entry.isSymbolicLink()) {
      const why = refusedLink(root, join(directory, entry.name))
      if (why !== undefined) folder.skipped.push({ file, why })
      else add(folder, file, join(directory, entry.name), as)
    } else if (entry.isFile()) add(folder, file, join(directory, entry.name), as)
  }
}

/** What is in a folder; one that may not be read is a problem of its own, and ends nothing else. */
function entriesOf(folder: Folder, directory: string, names: readonly string[]): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort(byName)
  } catch (error) {
    const file = `${names.join('/')}/`
    if (names.length === 0) throw fileError(error, directory)
    folder.problems.push({ file, error: fileError(error, file) })
    return []
  }
}

function add(folder: Folder, file: string, absolute: string, as: string | undefined): void {
  const isPage = file.endsWith(EXTENSION)
  // Of files that nobody may want only those are named whose path is legal.
  if (!isPage && basename(file).startsWith('.')) return
  try {
    const inside = isPage ? pathOfFile(file) : pathOfAttachment(file)
    const path = as === undefined ? inside : `${as}/${inside}`
    checkPath(path)
    folder[isPage ? 'files' : 'others'].push({ file, absolute, path })
  } catch (error) {
    if (!isPage) {
      folder.skipped.push({ file, why: asSheafError(error).message })
      return
    }
    folder.problems.push({ file, error: asSheafError(error) })
  }
}

/** Why a link is not followed; undefined where it leads to a file in the folder. */
function refusedLink(root: string, link: string): string | undefined {
  try {
    const target = realpathSync(link)
    if (!target.startsWith(root.endsWith(sep) ? root : root + sep)) return 'a link out of the folder'
    return lstatSync(target).isFile() ? undefined : 'a link to no file'
  } catch {
    return 'a link to nothing'
  }
}

/** By code units, so that the order is the same everywhere. */
function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
