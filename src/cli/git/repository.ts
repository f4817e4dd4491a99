/**
 * The repository that a history goes out to: made, recognised, and asked for what is in it. Where the
 * making of it was broken off, it is made again; what somebody else made is left alone.
 */
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SheafError } from '../../base/errors.ts'
import { makeFolders } from '../../node/io/make-folders.ts'
import { gitText, startGit } from './process.ts'

/** The pages as they stand, and below it all versions. */
export const MAIN_REF = 'refs/heads/main'
/** While an export is under way: what a later one finds already done. */
export const BEGUN_REF = 'refs/sheaf/begun'

/** What is known of the commits that are there: a line of 94 letters each. */
const KNOWN_BYTES_MAX = 256 * 1024 * 1024
/** What a repository has that `git init` was making. */
const BEGUN_NAMES = new Set(['HEAD', 'HEAD.lock', 'config', 'config.lock', 'objects', 'refs', 'branches'])

/** A new folder, an empty one, or a repository of this space that we made or were making. Throws REFUSED for any other. */
export async function openRepository(
  folder: string,
  space: string,
  isForced: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (!existsSync(folder) || isBegun(folder)) {
    makeFolders(folder)
    for (const name of ['HEAD.lock', 'config.lock']) rmSync(join(folder, name), { force: true })
    await gitText(folder, ['init', '-q', '--bare', '--template=', '-b', 'main'], signal)
    // Last: a repository with it is whole.
    await gitText(folder, ['config', 'sheaf.space', space], signal)
    return
  }
  const there = await gitText(folder, ['config', '--local', 'sheaf.space'], signal).catch(() => '')
  if (there.trim() === space) {
    for (const name of readdirSync(folder)) {
      if (/^fast_import_crash_\d+$/.test(name)) rmSync(join(folder, name), { force: true })
    }
    return
  }
  if (isForced) {
    await gitText(folder, ['rev-parse', '--git-dir'], signal)
    return
  }
  throw new SheafError('REFUSED', 'that folder is not empty, and no export of this space', {
    hint: 'name a new folder; --force writes the branch main of any repository anew',
  })
}

/** The commits of versions that are there, by the version. */
export async function commitsIn(folder: string, signal: AbortSignal): Promise<Map<string, string>> {
  const format = '--format=tformat:%H %(trailers:key=Sheaf-Version,valueonly,separator=%x20)'
  const known = new Map<string, string>()
  const refs = await refsIn(folder, signal)
  if (refs.length === 0) return known
  const text = await gitText(folder, ['log', format, ...refs], signal, KNOWN_BYTES_MAX)
  for (const line of text.split('\n')) {
    const [, oid, id] = /^([0-9a-f]{40,64}) ([a-z2-7]{52})$/.exec(line.trim()) ?? []
    if (oid !== undefined && id !== undefined) known.set(id, oid)
  }
  return known
}

/** What a run that was broken off had joined. */
export async function begunIn(folder: string, signal: AbortSignal): Promise<string | undefined> {
  const text = await gitText(folder, ['for-each-ref', '--format=%(objectname)', BEGUN_REF], signal)
  return text.trim() || undefined
}

/** The names of files in commits, in this order; undefined where one is not there. */
export async function blobsIn(
  folder: string,
  files: readonly { commit: string; name: string }[],
  signal: AbortSignal,
): Promise<(string | undefined)[]> {
  if (files.length === 0) return []
  const { child, ended } = startGit(folder, ['cat-file', '--batch-check=%(objecttype) %(objectname)'], signal)
  child.stdin.end(files.map(({ commit, name }) => `${commit}:${name}\n`).join(''))
  let text = ''
  for await (const chunk of child.stdout) text += String(chunk)
  await ended
  const lines = text.split('\n')
  return files.map((_, i) => /^blob ([0-9a-f]{40,64})$/.exec(lines[i] ?? '')?.[1])
}

async function refsIn(folder: string, signal: AbortSignal): Promise<string[]> {
  const text = await gitText(folder, ['for-each-ref', '--format=%(refname)', MAIN_REF, BEGUN_REF], signal)
  return text.split('\n').filter((ref) => ref !== '')
}

/** Empty, or a repository in its making, of which git makes the folder of refs first: nothing is in it that anybody wrote. */
function isBegun(folder: string): boolean {
  const names = readdirSync(folder)
  if (names.length === 0) return true
  if (!names.includes('refs') || !names.every((name) => BEGUN_NAMES.has(name))) return false
  const below = names.filter((name) => lstatSync(join(folder, name)).isDirectory())
  return below.every((name) => {
    const entries = readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
    return entries.every((entry) => entry.isDirectory())
  })
}
