/**
 * Making a folder, and those above it that are missing. Node 20's own `recursive` goes round for ever where the system says
 * that a new folder has no parent though it is there, as /proc does.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Nothing where the folder is there. Throws what the system says. */
export function makeFolders(folder: string, mode?: number): void {
  try {
    make(folder, mode)
  } catch (error) {
    const isRoot = dirname(folder) === folder
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || isRoot) throw error
    makeFolders(dirname(folder), mode)
    make(folder, mode)
  }
}

function make(folder: string, mode: number | undefined): void {
  try {
    mkdirSync(folder, mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
