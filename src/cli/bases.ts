/**
 * What a file was made from: the page and its versions, remembered when `get --out`, `edit` or `merge --out`
 * wrote the file, so that publishing it says what it has not seen. One small file for each, in the home.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { replacePrivateFile } from '../node/io/private-file.ts'
import type { Cli } from './cli.ts'

/** Files that are remembered; the ones that were written longest ago are forgotten first. */
const BASES_MAX = 1_000
const BASE_BYTES_MAX = 16_384

const BASE = v.strictObject({
  file: v.string(),
  /** `@k3…/garden/bees`. */
  page: v.string(),
  /** Ids of versions. */
  parents: v.array(v.string()),
  /** Whether conflicts stand in it, between markers. */
  hasMarkers: v.boolean(),
})

export type Base = Omit<v.InferOutput<typeof BASE>, 'file'>

/** Remembers what the file at an absolute path was made from. */
export function rememberBase(cli: Cli, file: string, base: Base): void {
  replacePrivateFile(placeOf(cli, file), `${JSON.stringify({ file, ...base })}\n`)
  forgetOldest(folderOf(cli))
}

/** Undefined where nothing is known of the file. */
export function baseOf(cli: Cli, file: string): Base | undefined {
  try {
    const path = placeOf(cli, file)
    if (statSync(path).size > BASE_BYTES_MAX) return undefined
    const found = v.safeParse(BASE, JSON.parse(readFileSync(path, 'utf8')))
    if (!found.success || found.output.file !== file) return undefined
    const { page, parents, hasMarkers } = found.output
    return { page, parents, hasMarkers }
  } catch {
    return undefined
  }
}

export function forgetBase(cli: Cli, file: string): void {
  rmSync(placeOf(cli, file), { force: true })
}

function folderOf(cli: Cli): string {
  return join(cli.paths().home, 'bases')
}

function placeOf(cli: Cli, file: string): string {
  return join(folderOf(cli), `${createHash('sha256').update(file).digest('hex').slice(0, 32)}.json`)
}

function forgetOldest(folder: string): void {
  const names = readdirSync(folder)
  if (names.length <= BASES_MAX) return
  const oldest = names
    .map((name) => ({ path: join(folder, name), ms: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => a.ms - b.ms)
  for (const { path } of oldest.slice(0, names.length - BASES_MAX)) rmSync(path, { force: true })
}
