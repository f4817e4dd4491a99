/**
 * A process of this soak as the program is built: one file of plain JavaScript. The loader that runs the sources wraps every
 * closure that has a name, which costs as much as most messages do, and three times as many collections of garbage.
 */
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Beside the packages, which it finds from where it lies. */
const FOLDER = join(
  dirname(createRequire(import.meta.url).resolve('esbuild/package.json')),
  '..',
  '.cache',
  'sheaf-soak',
)

export interface Bundle {
  file: string
  remove(): Promise<void>
}

/** Builds `./NAME-process.ts`. */
export async function bundleOf(name: string): Promise<Bundle> {
  const file = join(FOLDER, `${name}-${process.pid}-${next++}.mjs`)
  await build({
    entryPoints: [fileURLToPath(new URL(`./${name}-process.ts`, import.meta.url))],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    target: 'node20',
  })
  return { file, remove: () => rm(file, { force: true }) }
}

let next = 0
