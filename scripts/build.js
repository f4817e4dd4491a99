/**
 * Builds `dist/` from `src/`: `node scripts/build.js [--if-stale] [--root=DIR]`.
 *
 * The compiler checks the sources and writes their types, `bundle.js` makes the program of them, and `compile.cjs` keeps
 * what V8 compiles of it. All write into a directory of this build alone, inside `dist/`; the files are then
 * renamed into place one by one, and what no source made is removed. So whoever runs from `dist/`
 * meanwhile never sees a half-written file, and two builds at once leave a whole `dist/`. The
 * stamp is written last: a build that dies before is done again.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle, PARTS } from './bundle.js'

const SCRIPTS = dirname(fileURLToPath(import.meta.url))
const PROJECT = resolve(SCRIPTS, '..')
/** It takes about two seconds. */
const COMPILE_WITHIN_MS = 60_000
const STAMP = '.stamp'
const BUILDING = '.building-'
const EXECUTABLE = join('cli', 'main.js')
/** The manual page, which the program prints of itself. */
const MANUAL = join('man', 'sheaf.1')
const LOADER = 'open.cjs'
/** What V8 made of the parts when the program ran. */
const COMPILED = PARTS.map((part) => `${part}.compiled`)
/** What decides the output, besides this version of Node; of the packages it is their versions. */
const INPUTS = ['src', 'types', 'tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json']
const OWN_INPUTS = ['build.js', 'bundle.js', 'compile.cjs', LOADER]

process.exitCode = await main(process.argv.slice(2))

/** @param {string[]} options @returns {Promise<number>} the exit code */
async function main(options) {
  const root = resolve(
    options.find((option) => option.startsWith('--root='))?.slice('--root='.length) ?? PROJECT,
  )
  const dist = join(root, 'dist')
  if (!existsSync(join(root, 'src'))) return 0 // an installed package: it has dist and no sources
  const fingerprint = fingerprintOf(root)
  const onlyIfStale = options.includes('--if-stale')
  if (onlyIfStale && isFresh(root, dist, fingerprint)) return 0

  const compiler = findCompiler(root)
  if (compiler === undefined) {
    if (onlyIfStale && existsSync(join(dist, STAMP))) return 0
    console.error(
      'build: typescript is not installed, and dist/ is not built: run npm ci, without --omit=dev',
    )
    return 1
  }

  removeAbandoned(dist)
  const building = join(dist, `${BUILDING}${process.pid}`)
  mkdirSync(building, { recursive: true })
  try {
    const compiled = spawnSync(
      process.execPath,
      [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', building, '--noEmitOnError'],
      { stdio: 'inherit' },
    )
    if (compiled.status !== 0) return compiled.status ?? 1
    await bundle(root, building)
    copyFileSync(join(SCRIPTS, LOADER), join(building, LOADER))
    moveIntoPlace(building, dist)
    keepCompiled(building, dist)
    const printed = writeManual(building, dist)
    if (printed !== 0) return printed
    writeStamp(building, dist, fingerprint)
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
  return 0
}

function isFresh(root, dist, fingerprint) {
  const stamp = join(dist, STAMP)
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== fingerprint) return false
  return filesUnder(join(root, 'src'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .every((file) => existsSync(join(dist, file.replace(/\.ts$/, '.d.ts'))))
}

/** A hash over the names and bytes of all inputs: a checkout sets times as it likes, so times do not count. */
function fingerprintOf(root) {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\0`)
  for (const input of OWN_INPUTS) hash.update(readFileSync(join(SCRIPTS, input)))
  for (const input of INPUTS) {
    const path = join(root, input)
    if (!existsSync(path)) continue
    const files = input.includes('.') ? [''] : filesUnder(path)
    for (const file of files) {
      const bytes = readFileSync(join(path, file))
      hash.update(`${join(input, file)}\0${bytes.length}\0`).update(bytes)
    }
  }
  return hash.digest('hex')
}

function findCompiler(root) {
  try {
    const manifest = createRequire(join(root, 'package.json')).resolve('typescript/package.json')
    return join(dirname(manifest), 'bin', 'tsc')
  } catch {
    return undefined
  }
}

function moveIntoPlace(building, dist) {
  const made = new Set(filesUnder(building))
  for (const file of made) {
    const from = join(building, file)
    if (file.endsWith('.map')) liftSources(from)
    if (file === EXECUTABLE) chmodSync(from, 0o755)
    mkdirSync(dirname(join(dist, file)), { recursive: true })
    renameSync(from, join(dist, file))
  }
  for (const file of filesUnder(dist)) {
    if (made.has(file) || file === STAMP || file === MANUAL || COMPILED.includes(file)) continue
    rmSync(join(dist, file), { force: true })
    removeIfEmpty(dirname(join(dist, file)), dist)
  }
}

/** Starts are slower without it, and nothing else; so a program that cannot run here is built all the same. */
function keepCompiled(building, dist) {
  const { status } = spawnSync(process.execPath, [join(SCRIPTS, 'compile.cjs'), dist, building], {
    stdio: 'ignore',
    timeout: COMPILE_WITHIN_MS,
  })
  if (status !== 0) {
    console.error('build: the program did not run to keep its compiled code: it will start more slowly')
    return
  }
  for (const file of COMPILED) {
    if (existsSync(join(building, file))) renameSync(join(building, file), join(dist, file))
  }
}

/** @returns {number} the exit code */
function writeManual(building, dist) {
  if (!existsSync(join(dist, EXECUTABLE))) return 0
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(dist, EXECUTABLE), 'man'])
  if (status !== 0) {
    console.error(`build: the program does not print its manual page\n${stderr}`)
    return status ?? 1
  }
  mkdirSync(dirname(join(building, MANUAL)), { recursive: true })
  writeFileSync(join(building, MANUAL), stdout)
  mkdirSync(dirname(join(dist, MANUAL)), { recursive: true })
  renameSync(join(building, MANUAL), join(dist, MANUAL))
  return 0
}

/** A map made one directory deeper than it will lie names its sources with one `../` too many. */
function liftSources(path) {
  const map = JSON.parse(readFileSync(path, 'utf8'))
  map.sources = map.sources.map((source) => source.replace(/^\.\.\//, ''))
  writeFileSync(path, JSON.stringify(map))
}

function removeIfEmpty(directory, dist) {
  if (directory === dist || readdirSync(directory).length > 0) return
  rmdirSync(directory)
  removeIfEmpty(dirname(directory), dist)
}

function writeStamp(building, dist, fingerprint) {
  const stamp = join(building, STAMP)
  writeFileSync(stamp, fingerprint)
  renameSync(stamp, join(dist, STAMP))
}

/** Removes what builds that were killed left behind. */
function removeAbandoned(dist) {
  if (!existsSync(dist)) return
  for (const name of readdirSync(dist)) {
    if (!name.startsWith(BUILDING) || isRunning(Number(name.slice(BUILDING.length)))) continue
    rmSync(join(dist, name), { recursive: true, force: true })
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** All files below `directory`, as sorted relative paths; what other builds are writing is left out. */
function filesUnder(directory) {
  const files = []
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isFile()) files.push(entry.name)
    if (!entry.isDirectory() || entry.name.startsWith(BUILDING)) continue
    for (const file of filesUnder(join(directory, entry.name))) files.push(join(entry.name, file))
  }
  return files.sort()
}
